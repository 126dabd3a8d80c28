# ~/.bashrc of the OAR cluster images: interactive shells only.
case $- in
*i*) ;;
*) return ;;
esac

HISTCONTROL=ignoreboth
HISTSIZE=10000
shopt -s histappend checkwinsize

# The host's name in the colour of its role: server red, frontend blue, nodes
# yellow.
case ${COLOR-} in
red) _host='\[\e[1;31m\]' ;;
green) _host='\[\e[1;32m\]' ;;
yellow) _host='\[\e[1;33m\]' ;;
blue) _host='\[\e[1;34m\]' ;;
*) _host='\[\e[1m\]' ;;
esac
# shellcheck disable=SC1091
[ -r /usr/lib/git-core/git-sh-prompt ] && . /usr/lib/git-core/git-sh-prompt
GIT_PS1_SHOWDIRTYSTATE=1
PS1="\u@${_host}\h\[\e[0m\]:\[\e[36m\]\w\[\e[0m\]"
[ "$(type -t __git_ps1)" = function ] && PS1+='$(__git_ps1 " (%s)")'
PS1+='\$ '
# Inside a job: which one.
[ -n "${OAR_JOB_ID-}" ] && PS1="[job $OAR_JOB_ID] $PS1"
unset _host

alias ls='ls --color=auto' ll='ls -l' la='ls -lA' grep='grep --color=auto'
export EDITOR=vim PAGER=less LESS=-FRX
