package mirror

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
)

func TestAptsProxies(t *testing.T) {
	t.Parallel()
	const config = `Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128/";
Acquire::http::Proxy::Near.example "DIRECT";
Acquire::http::Proxy-Auto-Detect "/usr/bin/auto";
Acquire::HTTPS::Proxy "http://secure.example:3129";
Acquire::http::Pipeline-Depth "0";
`
	root := fstest.MapFS{"etc/os-release": {Data: []byte("ID=debian\n")}, "etc/apt/sources.list": {Data: []byte("deb http://far.example/debian trixie main\n")}}
	source, ok := fromApt(root, config)
	want := map[string]string{"http": "http://proxy.example:3128/", "http::near.example": "DIRECT", "https": "http://secure.example:3129"}
	if !ok || !reflect.DeepEqual(source.Proxies, want) {
		t.Fatalf("got %v", source.Proxies)
	}
	for address, want := range map[string]string{
		"http://far.example/debian":   "http://proxy.example:3128/",
		"http://near.example/debian":  "",
		"https://near.example/debian": "",
		"https://far.example/debian":  "http://secure.example:3129",
	} {
		request, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := source.proxy(request)
		got := ""
		if proxy != nil {
			got = proxy.String()
		}
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", address, got, err, want)
		}
	}
}

func TestTheProxyIsAsked(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Host != "deb.example.test" {
			t.Errorf("the proxy was asked for %s", r.URL)
		}
		f.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	source := f.source(t)
	source.Debian, source.Security = "http://deb.example.test/debian", "http://deb.example.test/debian-security"
	source.Proxies = map[string]string{"http": proxy.URL}
	a := open(t, source)
	if err := a.Fetch(t.Context(), resolve(t, a)); err != nil || asked.Load() != 3+2+2 { // two of the three indexes are the same bytes
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

func TestAProxyThatIsNone(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	source := f.source(t)
	source.Proxies = map[string]string{"http::deb.example.org": "http://u:secret@host name"}
	_, err := Open(t.Context(), source)
	if err == nil || !strings.HasPrefix(err.Error(), "apt's setting Acquire::http::Proxy::deb.example.org is ") || strings.Contains(err.Error(), "secret") || !strings.Contains(hint(err), "/etc/apt") {
		t.Errorf("got %v, hint %q", err, hint(err))
	}
}
