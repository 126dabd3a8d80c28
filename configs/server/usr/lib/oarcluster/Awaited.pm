# Awaited, loaded into a Perl program by PERL5OPT, holds it back when it is compiled
# and before its first line runs, until its child OARCLUSTER_AWAITED has ended. What
# the program starts is not held back.
package Awaited;
use strict;

delete $ENV{PERL5OPT};
my $child = delete $ENV{OARCLUSTER_AWAITED};
INIT { waitpid $child, 0 }

1;
