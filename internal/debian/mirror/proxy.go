package mirror

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/oarcluster/oarcluster/internal/ui"
)

// checkProxies refuses settings that are no proxies, before they fail a request.
func (s Source) checkProxies() error {
	for key, value := range s.Proxies {
		if value == direct {
			continue
		}
		proxy, err := url.Parse(value)
		if err != nil || proxy.Host == "" || proxy.Scheme != "http" && proxy.Scheme != "https" && proxy.Scheme != "socks5h" {
			scheme, host, _ := strings.Cut(key, "::")
			return ui.WithHint(fmt.Errorf("apt's setting Acquire::%s::Proxy%s is %q, which is no proxy", scheme, strings.TrimSuffix("::"+host, "::"), redact(value)),
				"correct it below /etc/apt, or name a mirror with --mirror, for which the environment's proxy holds")
		}
	}
	return nil
}

// direct is apt's word for no proxy.
const direct = "DIRECT"

// aptProxy is a line of `apt-config dump` with a proxy: of a scheme, or of one
// host of a scheme (apt-transport-http(1)).
var aptProxy = regexp.MustCompile(`(?mi)^Acquire::(https?)::Proxy(?:::([^ "]+))? "([^"]+)";$`)

// proxiesOf reads the proxies of apt's configuration.
func proxiesOf(config string) map[string]string {
	proxies := map[string]string{}
	for _, line := range aptProxy.FindAllStringSubmatch(config, -1) {
		key := strings.ToLower(line[1])
		if line[2] != "" {
			key += "::" + strings.ToLower(line[2])
		}
		proxies[key] = line[3]
	}
	return proxies
}

// proxy returns the proxy of a request. As for apt, a setting for the host goes
// before one for the scheme, that of http holds for https where that has none,
// and the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) is asked last.
func (s Source) proxy(r *http.Request) (*url.URL, error) {
	scheme, host := r.URL.Scheme, strings.ToLower(r.URL.Hostname())
	keys := []string{scheme + "::" + host, scheme}
	if scheme == "https" {
		keys = []string{"https::" + host, "http::" + host, "https", "http"}
	}
	for _, key := range keys {
		switch value := s.Proxies[key]; value {
		case "":
		case direct:
			return nil, nil
		default:
			return url.Parse(value)
		}
	}
	return http.ProxyFromEnvironment(r)
}
