//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ask sends one request, with basic authentication when user is given, and answers status and body.
func ask(t *testing.T, method, url, user, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth(user, "docker")
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	request.Host = request.Header.Get("Host") // "" is the URL's
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func checkAPI(t *testing.T, c deployed) {
	public := strings.TrimSuffix(c.API, "/")
	private := strings.Replace(public, "/oarapi", "/oarapi-priv", 1)
	job := `{"command": "sleep 1", "resource": "/nodes=1", "directory": "/data"}`

	status, body := ask(t, http.MethodGet, public+"/resources.json", "", "")
	if status != http.StatusOK || !strings.Contains(body, `"node1"`) || !strings.Contains(body, `"node2"`) {
		t.Errorf("GET resources without a password: %d %s", status, body)
	}
	status, body = ask(t, http.MethodPost, private+"/jobs.json", "docker", job)
	var made struct {
		ID json.Number `json:"id"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != http.StatusCreated || made.ID == "" {
		t.Fatalf("POST a job as docker: %d %s (%v)", status, body, err)
	}
	await(t, made.ID.String(), "Terminated")
	if status, _ = ask(t, http.MethodPost, private+"/jobs.json", "", job); status != http.StatusUnauthorized {
		t.Errorf("POST a job without a password: %d, want 401", status)
	}
	if status, _ = ask(t, http.MethodPost, public+"/jobs.json", "", job, "X-Remote-Ident", "docker"); status != http.StatusUnauthorized {
		t.Errorf("POST a job with a forged identity: %d, want 401", status)
	}
	if status, _ = ask(t, http.MethodPost, private+"/jobs.json", "docker", job, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden && status != http.StatusUnauthorized {
		t.Errorf("POST a job from a page of another site: %d, want it refused", status)
	}
	// A browser tells where a page is from, but not by which way, when it came over http.
	for origin, want := range map[string]int{"http://example.org": http.StatusForbidden, "null": http.StatusForbidden, strings.TrimSuffix(public, "/oarapi"): http.StatusCreated} {
		if status, _ = ask(t, http.MethodPost, private+"/jobs.json", "docker", job, "Origin", origin); status != want {
			t.Errorf("POST a job from a page of %s: %d, want %d", origin, status, want)
		}
	}
	for host, want := range map[string]int{"example.org": http.StatusForbidden, "frontend": http.StatusOK, "192.0.2.1:48080": http.StatusOK, "[::1]": http.StatusOK} {
		if status, _ = ask(t, http.MethodGet, public+"/resources.json", "", "", "Host", host); status != want {
			t.Errorf("GET resources by the name %s: %d, want %d", host, status, want)
		}
	}

	const settings = "/etc/oar/oar.conf"
	must(t, "docker", "exec", cluster+"_frontend", "mv", settings, settings+".away")
	status, body = ask(t, http.MethodGet, public+"/resources.json", "", "")
	must(t, "docker", "exec", cluster+"_frontend", "mv", settings+".away", settings)
	if status != http.StatusInternalServerError {
		t.Errorf("GET resources without settings: %d %s", status, body)
	}
	eventually(t, func() string {
		if !strings.Contains(must(t, "docker", "logs", cluster+"_frontend"), "oarapi: Configuration file not found") {
			return "in the frontend's log why the API failed"
		}
		return ""
	})
}

// checkPages opens each page in a real browser and looks for what a user would look for.
func checkPages(t *testing.T, c deployed) {
	shows(t, browse(t, c.Monika), "node1", "node2", "Free")

	gantt := browse(t, c.Drawgantt)
	picture := regexp.MustCompile(`<object id="svgObj" [^>]*data="([^"]+)"`).FindStringSubmatch(gantt)
	if picture == nil {
		t.Fatalf("Drawgantt's page has no picture:\n%s", gantt)
	}
	address := strings.ReplaceAll(html.UnescapeString(picture[1]), " ", "%20")
	shows(t, browse(t, c.Drawgantt+"/"+address), "<svg", "node1", "node2")

	shows(t, browse(t, c.PhpPgAdmin), "phpPgAdmin", "browser.php", "intro.php")
	_, servers := ask(t, http.MethodGet, c.PhpPgAdmin+"/servers.php", "", "")
	shows(t, servers, "OAR", "server", "5432")
}

// browse answers the page as the browser has it after its scripts ran, and makes sure that it was drawn.
func browse(t *testing.T, url string) string {
	t.Helper()
	profile := t.TempDir()
	// It keeps its pictures in /tmp, for /dev/shm of a container is small.
	dom := must(t, "timeout", fmt.Sprint(patience.Seconds()), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+profile, "--virtual-time-budget=20000", "--screenshot="+filepath.Join(profile, "page.png"), "--dump-dom", url)
	if picture, err := os.Stat(filepath.Join(profile, "page.png")); err != nil || picture.Size() < 1000 {
		t.Errorf("no picture of %s: %v", url, err)
	}
	return dom
}

func shows(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not show %q:\n%.3000s", word, page)
		}
	}
}
