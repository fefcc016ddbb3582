package jobs

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

func (r *reader) app(e entry) App {
	m, ok := r.mapping(entryLabel("apps", e, appKeys), r.at(e.key), e.value, appKeys)
	if !ok {
		return App{}
	}
	app := App{
		Name:         e.name,
		BaseURL:      required(m, "base_url", platformURL),
		ClientKey:    required(m, "client_key", credential),
		ClientSecret: required(m, "client_secret", credentialSecret),
		QPS:          optional(m, "qps", 10, perSecond),
		Timeout:      optional(m, "timeout", 30*time.Second, timeout),
	}
	if n, ok := m.values["callbacks"]; ok {
		r.owner = "callbacks." + e.name
		app.Callbacks = r.callbacks(n)
		if app.Callbacks != nil && len(app.Callbacks.AppIDs) == 0 {
			_ = required(m, "client_key", credential) // again: the callbacks section also needs it
		}
	}
	return app
}

func (r *reader) callbacks(n *yaml.Node) *Callbacks {
	m, ok := r.mapping("callbacks", r.at(n), n, callbacksKeys)
	if !ok {
		return nil
	}
	c := &Callbacks{LegacyToken: optional(m, "legacy_token", schema.Secret{}, legacyToken)}
	if n, ok := m.node("public_keys"); ok {
		c.PublicKeys = r.paths("public_keys", n)
	}
	if n, ok := m.values["app_ids"]; ok {
		c.AppIDs = r.appIDs(n)
	}
	return c
}

// appIDs reads a list of mini-programs.
func (r *reader) appIDs(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(r.at(n), "app_ids: want a list such as [ttcfdbb96650e33350], found %s", kind(n))
		return nil
	}
	var ids []string
	for _, item := range n.Content {
		v, ok := r.scalar("app_ids", item)
		if !ok {
			continue
		}
		id, err := credential(v.text)
		switch {
		case err != nil:
			r.faultOf(v, "app_ids: want %v", err)
		case slices.Contains(ids, id):
			r.faultOf(v, "app_ids: a mini-program is repeated")
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// paths reads a list of files, which lie relative to jobs.yaml. They are not opened.
func (r *reader) paths(key string, n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(r.at(n), "%s: want a list of files such as [platform.pem], found %s", key, kind(n))
		return nil
	}
	var paths []string
	for _, item := range n.Content {
		v, ok := r.scalar(key, item)
		if !ok {
			continue
		}
		path, err := plainText(v.text)
		switch path = r.beside(path); {
		case err != nil:
			r.faultOf(v, "%s: want %v, %s", key, err, v.found(key))
		case slices.Contains(paths, path):
			r.faultOf(v, "%s: a file is repeated, %s", key, v.found(key))
		default:
			paths = append(paths, path)
		}
	}
	return paths
}
