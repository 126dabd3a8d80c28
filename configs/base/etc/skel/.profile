# ~/.profile: read by login shells.
[ -n "$BASH_VERSION" ] && [ -r ~/.bashrc ] && . ~/.bashrc
[ -d ~/bin ] && PATH=~/bin:$PATH
