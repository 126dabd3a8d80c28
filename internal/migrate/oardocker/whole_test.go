package oardocker

import (
	"strings"
	"testing"

	"github.com/oarcluster/oarcluster/internal/migrate/draft"
)

// lab is a template as oar-docker's are: a base with services, and a frontend.
var lab = tree{
	"lab/manifest.json": `{
    "parents": ["common"],
    "ignore_if_exists": ["custom_setup.sh"],
    "install_script": "/root/install.sh",
    "install_on": ["frontend"],
    "build_order": ["base", "frontend"],
    "net_services": [["API", "/api"]]
}
`,
	"lab/images/base/Dockerfile": `FROM oardocker/debian13
MAINTAINER Ada "ada@example.org"

ENV container=docker \
    LANG=C.UTF-8

RUN apt-get update
RUN apt-get install -y man jq

COPY config/sshd_config /etc/ssh/sshd_config

ADD sbin/ /usr/local/sbin/
RUN chmod +x /usr/local/sbin/*

RUN rm -rf /etc/systemd/system/*
ADD systemd /etc/systemd/system
RUN chmod 644 /etc/systemd/system/* ; \
    systemctl enable lab

ADD . /tmp
RUN /bin/bash /tmp/custom_setup.sh && rm -rf /tmp/*

VOLUME /run
STOPSIGNAL SIGRTMIN+3
CMD ["/usr/local/sbin/container-init"]
`,
	"lab/images/frontend/Dockerfile": `FROM oardocker/lab-base:latest
ADD motd /etc/motd
RUN echo "PrintMotd yes" >> /etc/ssh/sshd_config
EXPOSE 80
EXPOSE 9090
`,
	"lab/images/base/custom_setup.sh":              "touch /lab\n",
	"common/images/base/custom_setup.sh":           "touch /common\n",
	"common/images/base/config/sshd_config":        "UseDNS no\n",
	"common/images/base/sbin/container-init":       "#!/bin/sh\nexec sleep 1\n",
	"common/images/base/systemd/lab.service":       "[Service]\n",
	"common/images/base/systemd/lab.socket":        "[Socket]\n",
	"common/images/frontend/motd":                  "Welcome.\n",
	"common/images/frontend/never/copied/anywhere": "",
}

const labBase = `# Imported from lab/images/base/Dockerfile by oarbuild import.
# Not carried over: 2; lab-base.md says what, and why.
name: lab-base
from:
  debian: ${suite}
vars:
  suite: trixie
packages:
  # lab/images/base/Dockerfile:8
  - man
  - jq
files:
  - from: lab-base
    to: /
    mode:
      tmp/custom_setup.sh: "0755"
run:
  # lab/images/base/Dockerfile:13
  - name: RUN chmod +x /usr/local/sbin/*
    sh: |
      chmod +x /usr/local/sbin/*
  # lab/images/base/Dockerfile:15
  - name: RUN rm -rf /etc/systemd/system/*
    sh: |
      rm -rf /etc/systemd/system/*
  # lab/images/base/Dockerfile:16
  - name: ADD systemd /etc/systemd/system
    sh: |
      cp -a /usr/share/oarbuild-import/1/. /
      rm -rf /usr/share/oarbuild-import/1
  # lab/images/base/Dockerfile:17
  - name: RUN chmod 644 /etc/systemd/system/* ; systemctl enable lab
    sh: |
      chmod 644 /etc/systemd/system/* ;     systemctl enable lab
  # lab/images/base/Dockerfile:21
  - name: RUN /bin/bash /tmp/custom_setup.sh && rm -rf /tmp/*
    sh: |
      /bin/bash /tmp/custom_setup.sh && rm -rf /tmp/*
image:
  cmd:
    - /usr/local/sbin/container-init
  env:
    LANG: C.UTF-8
    container: docker
  labels:
    org.opencontainers.image.authors: Ada "ada@example.org"
  volumes:
    - /run
  stop_signal: SIGRTMIN+3
`

const labFrontend = `# Imported from lab/images/frontend/Dockerfile by oarbuild import.
# Not carried over: 1; lab-frontend.md says what, and why.
name: lab-frontend
from: lab-base
files:
  - from: lab-frontend
    to: /
run:
  # lab/images/frontend/Dockerfile:3
  - name: RUN echo "PrintMotd yes" >> /etc/ssh/sshd_config
    sh: |
      echo "PrintMotd yes" >> /etc/ssh/sshd_config
image:
  expose:
    - "80"
    - "9090"
`

func TestATemplateOfALab(t *testing.T) {
	t.Parallel()
	drafts, err := Read(lab.fs(), "lab", suite)
	if err != nil || len(drafts) != 2 {
		t.Fatalf("got %v, %v", drafts, err)
	}
	loaded(t, drafts)
	for i, want := range []string{labBase, labFrontend} {
		if got, err := drafts[i].Recipe(); err != nil || string(got) != want {
			t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
		}
	}
	base := drafts[0].Files()
	for name, want := range map[string]string{
		"lab-base/etc/ssh/sshd_config":                                        "UseDNS no\n",
		"lab-base/usr/local/sbin/container-init":                              "#!/bin/sh\nexec sleep 1\n",
		"lab-base/usr/share/oarbuild-import/1/etc/systemd/system/lab.service": "[Service]\n",
		"lab-base/tmp/custom_setup.sh":                                        "touch /common\n",
		"lab-base/tmp/config/sshd_config":                                     "UseDNS no\n",
	} {
		if got, ok := base[name]; !ok || string(got.Data) != want {
			t.Errorf("%s: got %q", name, got.Data)
		}
	}
}

// The report of an image says where it differs from what oar-docker makes.
func TestTheReportOfATemplate(t *testing.T) {
	t.Parallel()
	drafts, err := Read(lab.fs(), "lab", suite)
	if err != nil {
		t.Fatal(err)
	}
	for d, lines := range map[*draft.Draft][]string{
		drafts[0]: {
			"| FROM oardocker/debian13 | lab/images/base/Dockerfile:1 | from: {debian: ${suite}} |",
			"| what is in oardocker/debian13 beside Debian | lab/images/base/Dockerfile:1 | oar-docker makes it by Kameleon: import that recipe, and name it in from: |",
			"| apt-get update | lab/images/base/Dockerfile:7 | packages are resolved before the build, and images hold no package lists |",
		},
		drafts[1]: {
			"| FROM oardocker/lab-base:latest | lab/images/frontend/Dockerfile:1 | from: lab-base |",
			"| install_script /root/install.sh | lab/manifest.json | oardocker runs it at install, from OAR's sources; the package oar-frontend has it |",
		},
	} {
		for _, line := range lines {
			if got := string(d.Report()); !strings.Contains(got, line+"\n") {
				t.Errorf("no line\n%s\nin\n%s", line, got)
			}
		}
	}
}
