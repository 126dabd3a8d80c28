package configs

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strconv"
	"testing"
)

// The verifiers in roles.sql must be those of the passwords that every host has
// in its oar.conf (RFC 5802, section 3).
func TestTheDatabaseKnowsTheDocumentedPasswords(t *testing.T) {
	t.Parallel()
	roles, err := FS.ReadFile("server/usr/share/oarcluster/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	for role, key := range map[string]string{"oar": "DB_BASE_PASSWD", "oar_ro": "DB_BASE_PASSWD_RO"} {
		password := setting(t, key)
		parts := regexp.MustCompile(`ALTER ROLE ` + role + ` PASSWORD 'SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):([^']+)';`).FindSubmatch(roles)
		if parts == nil {
			t.Errorf("no verifier of role %s", role)
			continue
		}
		rounds, err := strconv.Atoi(string(parts[1]))
		if err != nil {
			t.Fatal(err)
		}
		salt, err := base64.StdEncoding.DecodeString(string(parts[2]))
		if err != nil {
			t.Fatal(err)
		}
		salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
		if err != nil {
			t.Fatal(err)
		}
		stored := sha256.Sum256(keyed(salted, "Client Key"))
		if got := base64.StdEncoding.EncodeToString(stored[:]); got != string(parts[3]) {
			t.Errorf("role %s: the stored key is %s, want %s", role, parts[3], got)
		}
		if got := base64.StdEncoding.EncodeToString(keyed(salted, "Server Key")); got != string(parts[4]) {
			t.Errorf("role %s: the server key is %s, want %s", role, parts[4], got)
		}
	}
}

// setting returns a value of base's oar.conf.
func setting(t *testing.T, key string) string {
	t.Helper()
	conf, err := FS.ReadFile("base/usr/share/oarcluster/oar.conf")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^` + key + `="(.*)"$`).FindSubmatch(conf)
	if line == nil {
		t.Fatalf("no %s in oar.conf", key)
	}
	return string(line[1])
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
