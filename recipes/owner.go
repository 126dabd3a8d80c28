package recipes

import (
	"fmt"
	"strconv"
	"strings"
)

// users are the accounts that every Debian system has under the same numbers
// (Debian policy 9.2.2, package base-passwd), with their groups. Others get
// theirs when packages are configured, after files are laid.
var users = map[string][2]uint64{
	"root": {0, 0}, "daemon": {1, 1}, "bin": {2, 2}, "sys": {3, 3}, "sync": {4, 65534}, "games": {5, 60},
	"man": {6, 12}, "lp": {7, 7}, "mail": {8, 8}, "news": {9, 9}, "uucp": {10, 10}, "proxy": {13, 13},
	"www-data": {33, 33}, "backup": {34, 34}, "list": {38, 38}, "irc": {39, 39}, "_apt": {42, 65534}, "nobody": {65534, 65534},
}

// groups are likewise the groups.
var groups = map[string]uint64{
	"root": 0, "daemon": 1, "bin": 2, "sys": 3, "adm": 4, "tty": 5, "disk": 6, "lp": 7, "mail": 8, "news": 9, "uucp": 10,
	"man": 12, "proxy": 13, "kmem": 15, "dialout": 20, "fax": 21, "voice": 22, "cdrom": 24, "floppy": 25, "tape": 26,
	"sudo": 27, "audio": 29, "dip": 30, "www-data": 33, "backup": 34, "operator": 37, "list": 38, "irc": 39, "src": 40,
	"shadow": 42, "utmp": 43, "video": 44, "sasl": 45, "plugdev": 46, "staff": 50, "games": 60, "users": 100, "nogroup": 65534,
}

// owner returns user and group in numbers. A user alone brings its group; a
// number alone is both.
func (c *chain) owner(p *part, t text) string {
	value := c.checked(p, t)
	if value == "" {
		return ""
	}
	user, group, both := strings.Cut(value, ":")
	uid, gid, ok := userID(user)
	if both && ok {
		gid, ok = groupID(group)
	}
	if !ok {
		c.mistake(p, t.At, "owner %q: %s; a step can chown what a package's own user is to have", value, t.Rule.Say)
		return ""
	}
	return fmt.Sprintf("%d:%d", uid, gid)
}

func userID(name string) (uid, gid uint64, ok bool) {
	if ids, ok := users[name]; ok {
		return ids[0], ids[1], true
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return n, n, err == nil
}

func groupID(name string) (uint64, bool) {
	if id, ok := groups[name]; ok {
		return id, true
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return n, err == nil
}
