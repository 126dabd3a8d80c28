# Services starts what supervisor's configuration names, as supervisord does, and
# becomes supervisord as soon as somebody needs it: supervisorctl connects, or a
# service ends. A cluster has a supervisord in each container and hardly ever uses
# one, but its start costs more than all services of a node together.
#
# Same process, same children: supervisord (the one beside this file) finds its
# socket and the running services as it had started them itself. A configuration
# with anything else in it than is known here is supervisord's from the start.
package Services;
use strict;

our $configuration = '/etc/supervisor/supervisord.conf';
our $folder = '/etc/supervisor/conf.d';
my $address = '/run/supervisor.sock';
my $log = '/var/log/supervisor/supervisord.log';
our @supervisord = ('/usr/lib/oarcluster/supervisord', '-n', '-c', $configuration);
# Numbers of Linux, for no module is loaded: AF_UNIX, SOCK_STREAM, WNOHANG.
my ($unix, $stream, $nohang) = (1, 1, 1);

my $number = qr/^\d+$/;
my $truth = qr/^(true|false)$/;
# What is known of a program's section: key and value. No quotes, no expansions.
my %known = (
    command => qr/^[^'"\\%\$]+$/, user => qr/^[a-z][-a-z0-9]*$/, priority => $number, stopsignal => qr/^[A-Z]+$/,
    stopwaitsecs => $number, autorestart => qr/^true$/, stopasgroup => $truth, killasgroup => $truth,
    stdout_logfile => qr,^(NONE|/dev/fd/1)$,, stdout_logfile_maxbytes => $number, redirect_stderr => qr/^true$/,
);
my %required = map { $_ => 1 } qw(command stdout_logfile redirect_stderr);

# Returns the names in a folder, sorted, but for hidden ones.
sub files {
    my ($path) = @_;
    opendir my $dir, $path or return;
    return sort grep { !/^\./ } readdir $dir;
}

# Returns a file's sections: a list of [name, {key => value}], in order. What does
# not have this form is a section without a name.
sub sections {
    my ($path) = @_;
    my @sections;
    open my $file, '<', $path or return [''];
    while (<$file>) {
        s/(^|\s);.*//s;
        s/\s+$//;
        next if /^#/ || $_ eq '';
        if (/^\[(.+)\]$/) { push @sections, [$1, {}] }
        elsif (@sections && /^(\w[\w. ]*?)\s*=\s*(.*)$/) { $sections[-1][1]{$1} = $2 }
        else { return [''] }
    }
    return @sections;
}

# Returns the programs in the order of their start, or nothing when there is
# something that only supervisord knows how to do.
sub programs {
    my @programs;
    for (sections($configuration)) {
        return unless $_->[0] =~ /^(unix_http_server|supervisord|rpcinterface:supervisor|supervisorctl|include)$/;
    }
    for my $section (map { sections("$folder/$_") } grep { /\.conf$/ } files($folder)) {
        my ($name, $value) = @$section;
        next if $name eq 'marks';
        return unless $name =~ s/^program:([-\w]+)$/$1/;
        return if grep { !$known{$_} || $value->{$_} !~ $known{$_} } keys %$value;
        return if grep { !defined $value->{$_} } keys %required;
        push @programs, { priority => 999, stopsignal => 'TERM', stopwaitsecs => 10, %$value, name => $name };
    }
    return sort { $a->{priority} <=> $b->{priority} } @programs;
}

my ($quiet, $socket, @started);
my ($stop, $needed) = (0, 0);

# Runs the services until a signal asks for their end.
sub run {
    ($quiet) = @_;
    setpgrp 0, 0;
    unlink $address;    # a restarted container keeps the file of its last run
    my @programs = programs();
    supervisord() unless @programs;
    $SIG{TERM} = $SIG{INT} = $SIG{QUIT} = sub { $stop = 1 };
    $SIG{CHLD} = $SIG{HUP} = sub { $needed = 1 };
    $SIG{USR2} = 'IGNORE';    # no log to open again
    listening();
    start($_) for @programs;
    until ($stop) {
        supervisord() if $needed;
        my $readable = '';
        vec($readable, fileno $socket, 1) = 1;
        $needed = 1 if select($readable, undef, undef, 1) > 0;
    }
    close $socket;
    unlink $address;
    end($_) for reverse @started;
}

sub listening {
    my $group = getgrnam 'docker';
    socket $socket, $unix, $stream, 0 or die "my_init: making a socket: $!\n";
    umask 0117;
    bind $socket, pack 'Sa108', $unix, $address or die "my_init: binding $address: $!\n";
    umask 022;
    chown 0, $group, $address if defined $group;
    listen $socket, 128;
}

sub start {
    my ($program) = @_;
    my $pid = fork;
    die "my_init: starting $program->{name}: $!\n" unless defined $pid;
    unless ($pid) {
        $SIG{$_} = 'DEFAULT' for qw(TERM INT QUIT CHLD HUP USR2);
        setpgrp 0, 0;
        become($program->{user}) if $program->{user};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null' if $program->{stdout_logfile} eq 'NONE';
        open STDERR, '>&', \*STDOUT;
        my @argv = split ' ', $program->{command};
        exec { $argv[0] } @argv or exit 127;
    }
    push @started, { %$program, pid => $pid, at => time };
    note("spawned: '$program->{name}' with pid $pid");
}

sub become {
    my ($user) = @_;
    my ($uid, $gid) = (getpwnam $user)[2, 3] or exit 127;
    my @groups = ($gid);
    while (my ($group, undef, $id, $members) = getgrent) {
        push @groups, $id if grep { $_ eq $user } split ' ', $members;
    }
    $( = $gid;
    $) = "$gid @groups";
    ($<, $>) = ($uid, $uid);
}

# Ends a service as its configuration says.
sub end {
    my ($program) = @_;
    my $pid = $program->{pid};
    note("waiting for $program->{name} to stop");
    send_signal($program->{stopsignal}, $program, 'stopasgroup');
    for (my $left = $program->{stopwaitsecs}; waitpid($pid, $nohang) == 0; $left -= 0.02) {
        send_signal('KILL', $program, 'killasgroup') if $left < 0;
        select undef, undef, undef, 0.02;
    }
    note("stopped: $program->{name}");
}

sub send_signal {
    my ($signal, $program, $group) = @_;
    kill $signal, ($program->{$group} || '') eq 'true' ? -$program->{pid} : $program->{pid};
}

# Goes on as supervisord, which finds the socket as its standard input. A TERM that
# comes before supervisord can hear it must not end it, for nobody would end the
# services: my_init sends another one.
sub supervisord {
    if ($socket) {
        $ENV{OARCLUSTER_SERVICES} = join ' ', map { "$_->{name}=$_->{pid}=$_->{at}" } @started;
        open STDIN, '<&', $socket;
    }
    $SIG{TERM} = 'IGNORE';
    my @argv = (@supervisord, $quiet ? '--silent' : ());
    exec { $argv[0] } @argv or die "my_init: starting supervisord: $!\n";
}

# Ends supervisord's wait between two looks, which lasts up to a second: it starts
# and stops services there.
sub wake {
    socket my $client, $unix, $stream, 0 or return;
    connect $client, pack 'Sa108', $unix, $address;
}

# Writes a line as supervisord does, where supervisord does.
sub note {
    my ($text) = @_;
    my ($second, $minute, $hour, $day, $month, $year) = localtime;
    my $line = sprintf "%d-%02d-%02d %02d:%02d:%02d,000 INFO %s\n", $year + 1900, $month + 1, $day, $hour, $minute, $second, $text;
    syswrite STDOUT, $line unless $quiet;
    open my $file, '>>', $log or return;
    syswrite $file, $line;
}

# Returns the marks of the configuration: a list of [text, port, ...]. A section
# [marks] has lines MARK = PORT ...; supervisord passes over it.
sub marks {
    my @marks;
    for my $section (map { sections("$folder/$_") } grep { /\.conf$/ } files($folder)) {
        my ($name, $value) = @$section;
        next unless $name eq 'marks';
        push @marks, map { [$_, split ' ', $value->{$_}] } sort keys %$value;
    }
    return @marks;
}

# Prints "oarcluster: MARK" for each mark once something listens on all its ports.
# The kernel is asked (sock_diag(7)): a connection would leave a line in the logs of
# the service, and /proc/net/tcp takes milliseconds to read.
sub announce {
    my ($netlink, $raw, $sock_diag) = (16, 3, 4);    # AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG
    socket my $kernel, $netlink, $raw, $sock_diag or die "my_init: asking for sockets: $!\n";
    for (marks()) {
        my ($mark, @ports) = @$_;
        while (@ports = grep { !listened($kernel, $_) } @ports) {
            select undef, undef, undef, 0.02;
        }
        syswrite STDOUT, "oarcluster: $mark\n";
    }
}

# Asks whether a TCP connection from anywhere to the port would find a listener.
sub listened {
    my ($kernel, $port) = @_;
    # struct inet_diag_req_v2: AF_INET, IPPROTO_TCP, all states; the port, no peer
    # and no addresses, any cookie.
    my $request = pack 'CCxxL n n x36 LL', 2, 6, 0xFFFFFFFF, $port, 0, 0xFFFFFFFF, 0xFFFFFFFF;
    # struct nlmsghdr: length, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, sequence, sender.
    syswrite $kernel, pack('LSSLL', 16 + length $request, 20, 1, 0, 0) . $request;
    sysread $kernel, my $answer, 4096;
    return unpack('x4 S', $answer) == 20;    # else it is an error: no such socket
}

1;
