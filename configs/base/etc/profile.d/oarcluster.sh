# A login shell gets the container's environment (COLOR, NUM_NODES, …), which
# sshd does not pass on, and the message of the day that ssh prints itself.
if [ -r /run/container_environment.sh ]; then
	. /run/container_environment.sh
fi
if [ -t 0 ] && [ -z "${SSH_CONNECTION-}" ] && [ "${SHLVL-1}" = 1 ]; then
	cat /etc/motd
fi
