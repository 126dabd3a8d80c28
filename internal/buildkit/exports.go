package buildkit

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"

	"github.com/oarcluster/oarcluster/internal/buildkit/engine"
)

// exports returns BuildKit's exporter for the job, with the reason of each
// option that is not the default. failed gets why loading failed.
func (o Options) exports(ctx context.Context, job Job, failed chan<- error) []client.ExportEntry {
	attrs := map[string]string{
		exptypes.ExporterImageConfigKey:                string(job.Graph.Config),
		string(exptypes.OptKeyOCITypes):                "true", // else the index would mix Docker's and OCI's types
		string(exptypes.OptKeySourceDateEpoch):         strconv.FormatInt(job.Epoch.Unix(), 10),
		string(exptypes.OptKeyLayerCompression):        "uncompressed",
		string(exptypes.OptKeyForceInlineAttestations): "false", // there are none, and the image stays one manifest
	}
	switch o.To {
	case Registry:
		repository, _ := splitTag(job.Names[0])
		attrs[string(exptypes.OptKeyName)] = repository
		attrs[string(exptypes.OptKeyPush)] = "true"
		attrs[string(exptypes.OptKeyPushByDigest)] = "true"
		if o.Loopback {
			attrs[string(exptypes.OptKeyInsecure)] = "true"
		}
		o.Compress.Set(attrs)
		return []client.ExportEntry{{Type: client.ExporterImage, Attrs: attrs}}
	case Engine:
		attrs[string(exptypes.OptKeyName)] = strings.Join(job.Names, ",")
		return []client.ExportEntry{{Type: client.ExporterDocker, Attrs: attrs,
			Output: func(map[string]string) (io.WriteCloser, error) {
				e, err := engine.Find()
				if err != nil {
					return nil, err
				}
				return load(ctx, e, failed), nil
			}}}
	case Files:
		return []client.ExportEntry{o.file(job, attrs)}
	}
	return nil
}

// Export is where the image of one job goes when it goes to [Files].
type Export struct {
	Type  string                         // oci, docker, tar or local, as BuildKit's exporters are called
	Store content.Store                  // oci: gets the image's parts
	Open  func() (io.WriteCloser, error) // docker, tar: gets the archive
	Dir   string                         // local: gets the root file system
}

// file returns BuildKit's exporter for a job that goes to [Files]. A root file
// system needs nothing of what makes an image, and keeps the times that it has.
func (o Options) file(job Job, attrs map[string]string) client.ExportEntry {
	e := client.ExportEntry{Type: job.Export.Type, Attrs: map[string]string{}}
	switch e.Type {
	case client.ExporterLocal:
		e.OutputDir = job.Export.Dir
		return e
	case client.ExporterOCI:
		o.Compress.Set(attrs)
		attrs["tar"] = "false"
		e.Attrs, e.OutputStore = attrs, job.Export.Store
		return e
	case client.ExporterDocker:
		attrs[string(exptypes.OptKeyName)] = strings.Join(job.Names, ",")
		e.Attrs = attrs
	}
	e.Output = func(map[string]string) (io.WriteCloser, error) { return job.Export.Open() }
	return e
}
