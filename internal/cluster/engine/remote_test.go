//go:build e2e

package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oarcluster/oarcluster/internal/cluster/engine"
	"github.com/oarcluster/oarcluster/internal/cluster/enginetest"
)

// TestDockerOverSSH runs the suite through a real ssh server of this machine, and
// more connections at once than it lets one login have.
func TestDockerOverSSH(t *testing.T) {
	t.Setenv("DOCKER_HOST", sshServer(t))
	t.Setenv("TMPDIR", t.TempDir())
	d := dial(t)
	enginetest.Suite(t, d, repository, tag)
	h, _ := container(t, d, "engine-ssh", "echo hello; exec sleep 600")
	var many sync.WaitGroup
	for range 15 {
		many.Go(func() {
			var out strings.Builder
			p := engine.Process{Argv: []string{"sh", "-c", "sleep 1; wc -c"}, In: strings.NewReader("12345"), Out: &out, Err: &out}
			if code, err := d.Run(t.Context(), h.Container, p); err != nil || code != 0 || strings.TrimSpace(out.String()) != "5" {
				t.Errorf("pipe: %d, %v, %q", code, err, out.String())
			}
		})
	}
	many.Wait()
	lendsAPort(t, d)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// lendsAPort shows that a port lent is refused where the engine's machine, which here
// is this one, has it.
func lendsAPort(t *testing.T, d *engine.Docker) {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if _, err := d.Lend(t.Context(), port); err == nil || !strings.Contains(err.Error(), "forwarding port "+port) {
		t.Errorf("lending a port that is taken: %v", err)
	}
	l.Close()
	stop, err := d.Lend(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", "localhost:"+port)
	if err != nil {
		t.Errorf("nobody listens: %v", err)
	} else {
		conn.Close()
	}
	stop() // the server is told, and does not answer that
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", "localhost:"+port); err != nil {
			return
		} else {
			conn.Close()
		}
	}
	t.Error("the port is lent still")
}

// sshServer starts an ssh server that lets this user in with a key, and puts an ssh
// that uses it on the PATH. It returns the engine's address through it.
func sshServer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"host", "user"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	public, err := os.ReadFile(filepath.Join(dir, "user.pub"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	write("authorized", string(public), 0o600)
	write("sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1:%d\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\nPidFile none\nStrictModes no\nSetEnv PATH=%s\n",
		port, dir, dir, os.Getenv("PATH")), 0o600)
	write("ssh_config", fmt.Sprintf("IdentityFile %s/user\nUserKnownHostsFile %s/known_hosts\nStrictHostKeyChecking accept-new\nLogLevel ERROR\n", dir, dir), 0o600)
	client, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll("/run/sshd", 0o755), os.Mkdir(filepath.Join(dir, "bin"), 0o700)); err != nil {
		t.Fatal(err)
	}
	write("bin/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s/ssh_config \"$@\"\n", client, dir), 0o700)
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	server := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	var log strings.Builder
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	answers(t, fmt.Sprintf("127.0.0.1:%d", port))
	return fmt.Sprintf("ssh://%s@127.0.0.1:%d", me.Username, port)
}

// answers waits until somebody listens at an address.
func answers(t *testing.T, at string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("nobody listens at %s", at)
}

// TestDockerOverTLS runs the suite through a port that asks for the client's
// certificate, named by DOCKER_HOST and by contexts that docker's own client made.
func TestDockerOverTLS(t *testing.T) {
	certs, config := t.TempDir(), t.TempDir()
	host := tlsPort(t, certs)
	t.Run("DOCKER_HOST", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", host)
		t.Setenv("DOCKER_TLS_VERIFY", "1")
		t.Setenv("DOCKER_CERT_PATH", t.TempDir())
		if _, err := engine.Dial(t.Context()); err == nil {
			t.Error("let in without a certificate")
		}
		t.Setenv("DOCKER_CERT_PATH", certs)
		enginetest.Suite(t, dial(t), repository, tag)
	})
	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONFIG", config)
	docker := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
			t.Fatalf("docker %q: %v: %s", args, err, out)
		}
	}
	docker("context", "create", "lab", "--docker", fmt.Sprintf("host=%s,ca=%s/ca.pem,cert=%s/cert.pem,key=%s/key.pem", host, certs, certs, certs))
	docker("context", "create", "nowhere", "--docker", "host=tcp://127.0.0.1:1")
	docker("context", "use", "nowhere")
	if _, err := engine.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), `tcp://127.0.0.1:1, from context "nowhere"`) {
		t.Errorf("the context of the configuration: got %v", err)
	}
	t.Setenv("DOCKER_CONTEXT", "lab")
	if names, err := dial(t).Clusters(t.Context()); err != nil {
		t.Errorf("DOCKER_CONTEXT: got %v, %v", names, err)
	}
}

// tlsPort leads from a port of the loopback to the engine's socket for clients with a
// certificate, whose files it writes.
func tlsPort(t *testing.T, certs string) (host string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: der}, "cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(certs, name), pem.EncodeToMemory(&block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, "cert.pem"), filepath.Join(certs, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go lead(l)
	return "tcp://" + l.Addr().String()
}

// lead joins each connection with one to the engine's socket, each way for itself:
// the end of what one side says is no end of the other's.
func lead(l net.Listener) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("unix", "/var/run/docker.sock")
		if err != nil {
			from.Close()
			continue
		}
		go func() {
			io.Copy(to, from)
			to.(*net.UnixConn).CloseWrite()
		}()
		go func() {
			io.Copy(from, to)
			from.Close()
		}()
	}
}
