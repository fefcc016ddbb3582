package cli

import (
	"context"
	"fmt"
	"strings"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// files looks at who may read what is billwalk's alone, in a folder lake and beside
// the token cache; with fix it takes the rights of others away.
func (p *program) files(ctx context.Context, d *doctor, place jobs.Lake, fix bool) {
	if strings.HasPrefix(place.URL, "file:") {
		if store, err := object.Open(ctx, place.URL, object.S3Options{}); err == nil { // else the store's check has said it
			d.modes(ctx, place.URL, store, fix)
		}
	}
	if p.tokenCache == "" || p.tokenCache == "bucket" {
		return
	}
	caches, err := p.openTokenCaches(nil)
	if err != nil {
		d.add("files", stateFailed, err.Error(), fixConfig, schema.CodeConfig)
		return
	}
	d.modes(ctx, p.tokenCache, caches.store, fix)
}

func (d *doctor) modes(ctx context.Context, place string, store object.Store, fix bool) {
	const well = "what is private is its owner's alone"
	if fix {
		switch mended, err := object.Hide(ctx, store); {
		case err != nil:
			d.add("files", stateFailed, err.Error(), "以属主身份运行; run it as the user who owns the files", schema.CodeStoreDenied)
		case mended > 0:
			d.ok("files", fmt.Sprintf("%s: %s; the modes of %d files and folders were mended", place, well, mended))
		default:
			d.ok("files", place+": "+well)
		}
		return
	}
	switch exposed, err := object.Exposed(ctx, store); {
	case err != nil:
		d.add("files", stateWarning, err.Error(), "以属主身份运行; run it as the user who owns the files", schema.CodeStoreDenied)
	case len(exposed) > 0:
		d.add("files", stateWarning, fmt.Sprintf("%s: other users have rights to %d private files and folders, such as %s", place, len(exposed), exposed[0]), fixFiles, schema.CodeStore)
	default:
		d.ok("files", place+": "+well)
	}
}

const fixFiles = "归档含券码明文; archive/ has coupon codes in clear: run `billwalk check --fix`, which leaves the tables readable"
