package keys

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
)

// fingerprints are those that ftp-master.debian.org/keys.html publishes.
var fingerprints = []string{
	"04B54C3CDCA79751B16BC6B5225629DF75B188BD Debian Archive Automatic Signing Key (13/trixie)",
	"05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0 Debian Security Archive Automatic Signing Key (12/bookworm)",
	"1F89983E0081FDE018F3CC9673A4F27B8DD47936 Debian Archive Automatic Signing Key (11/bullseye)",
	"41587F7DB8C774BCCF131416762F67A0B2C39DE4 Debian Stable Release Key (13/trixie)",
	"4D64FEC119C2029067D6E791F8D2585B8783D481 Debian Stable Release Key (12/bookworm)",
	"5E04A1E3223A19A20706E20F9904613D4CCE68C6 Debian Security Archive Automatic Signing Key (13/trixie)",
	"AC530D520F2F3269F5E98313A48449044AAD5C5D Debian Security Archive Automatic Signing Key (11/bullseye)",
	"B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8 Debian Archive Automatic Signing Key (12/bookworm)",
}

func TestTheKeysAreDebians(t *testing.T) {
	var got []string
	for _, key := range DebianArchive() {
		ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
		if err != nil {
			t.Fatal(err)
		}
		for _, entity := range ring {
			if entity.PrivateKey != nil {
				t.Errorf("%X is a private key", entity.PrimaryKey.Fingerprint)
			}
			name, _, _ := strings.Cut(entity.PrimaryIdentity().Name, " <")
			got = append(got, fmt.Sprintf("%X %s", entity.PrimaryKey.Fingerprint, name))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, fingerprints) {
		t.Errorf("the embedded keys are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(fingerprints, "\n"))
	}
}
