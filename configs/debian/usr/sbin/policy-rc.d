#!/bin/sh
# No package starts a service at installation: supervisord starts them all.
exit 101
