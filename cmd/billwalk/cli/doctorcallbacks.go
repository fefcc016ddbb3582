package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"

	"billwalk/pipeline/jobs"
	"billwalk/pipeline/receive"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/notify"
	"billwalk/sinks/object"
)

const fixKeys = "从控制台重新下载平台公钥; take the platform's public key (平台公钥) from the app's page on the console again, as the message says"

// receivingApps returns the apps that have callbacks: all, or those that the jobs use.
func receivingApps(file *jobs.File, usable []jobs.Job, all bool) (apps []jobs.App) {
	used := appsOf(usable)
	for _, name := range slices.Sorted(maps.Keys(file.Apps)) {
		if app := file.Apps[name]; app.Callbacks != nil && (all || slices.Contains(used, name)) {
			apps = append(apps, app)
		}
	}
	return apps
}

// keys looks at what a receiver would read: the files of public keys, and variables. They
// may be on the receiver's machine alone.
func (d *doctor) keys(file *jobs.File, apps []jobs.App) {
	if len(apps) == 0 {
		return
	}
	if _, err := file.Receivers(); err != nil {
		for _, fault := range faultLines(err) {
			d.add("config", stateWarning, fault+": only `billwalk receive` needs it", fixConfig, schema.CodeConfig)
		}
	}
	whole := true
	var read []receive.App
	for _, app := range apps {
		read = append(read, receive.App{Name: app.Name, PublicKeys: app.Callbacks.PublicKeys, AppIDs: app.Callbacks.AppIDs})
		for _, path := range app.Callbacks.PublicKeys {
			subject := "callbacks of app " + app.Name + ": "
			err := receive.CheckKeyFile(path)
			whole = whole && err == nil
			switch {
			case errors.Is(err, fs.ErrNotExist):
				d.add("keys", stateWarning, subject+err.Error()+": only `billwalk receive` needs it", "", "")
			case err != nil:
				d.add("keys", stateFailed, subject+err.Error(), fixKeys, schema.CodeConfig)
			default:
				d.ok("keys", subject+path)
			}
		}
	}
	if err := receive.CheckKeys(read); whole && err != nil {
		d.add("keys", stateFailed, err.Error(), fixConfig, schema.CodeConfig)
	}
}

// maxSilence is how many days callbacks may be missing before somebody should look.
const maxSilence = 3

// callbacks looks whether callbacks arrive in the archive.
func (d *doctor) callbacks(ctx context.Context, store object.Store, apps []jobs.App) {
	if store == nil || len(apps) == 0 {
		return
	}
	today, kept := schema.DayOf(d.now()), archive.New(store)
	for day := today; day > today-maxSilence; day-- {
		accepted, quarantined, err := kept.Received(ctx, day)
		if err != nil {
			d.wrong("callbacks", "", err, schema.CodeStore)
			return
		}
		if quarantined {
			d.add("callbacks", stateWarning, fmt.Sprintf("callbacks that were received on %s are in quarantine", day),
				"见 billwalk receive 的日志; the log of billwalk receive says why: another mini-program (see app_ids), one that cannot be read, or one that came too late", schema.CodeCallbacks)
			return
		}
		if accepted {
			d.ok("callbacks", fmt.Sprintf("the latest were received on %s", day))
			return
		}
	}
	d.add("callbacks", stateWarning, fmt.Sprintf("none were received since %s", today-maxSilence+1), adviceOf(schema.CodeCallbacks), schema.CodeCallbacks)
}

// receiver sends an unsigned request for each app to the address of a receiver.
func (d *doctor) receiver(ctx context.Context, address string, apps []jobs.App) {
	if address == "" {
		return
	}
	if len(apps) == 0 {
		d.add("receiver", stateFailed, "jobs.yaml has no app with callbacks", fixConfig, schema.CodeConfig)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	for _, app := range apps {
		subject := fmt.Sprintf("%s for app %s", address, app.Name)
		if err := d.within(ctx, func(ctx context.Context) error { return receive.Ask(ctx, transport, address, app.Name) }); err != nil {
			d.add("receiver", stateFailed, subject+": "+err.Error(), adviceOf(schema.CodeCallbacks), schema.CodeCallbacks)
			continue
		}
		d.ok("receiver", subject+": it answers, and refuses what is not signed")
	}
}

// messages sends one to each webhook of the jobs, if send says so.
func (d *doctor) messages(ctx context.Context, usable []jobs.Job, send bool) {
	for _, job := range usable {
		if len(job.Notify) == 0 {
			continue
		}
		subject := "job " + job.Name + ": "
		if !send {
			d.ok("notify", subject+count(len(job.Notify), "webhook")+", not tried; --notify sends each a message")
			continue
		}
		var hooks []notify.Hook
		for _, hook := range job.Notify {
			hooks = append(hooks, notify.Hook{Kind: notify.Kind(hook.Kind), URL: hook.URL, Secret: hook.Secret})
		}
		sending, cancel := context.WithTimeout(ctx, noticeSends)
		client := notify.Client{Now: d.now, Pause: noticePause}
		errs := client.Send(sending, hooks, notify.Message{Title: fmt.Sprintf("billwalk check %s：机器人可用", job.Name)})
		cancel()
		for i, err := range errs {
			if err != nil {
				d.add("notify", stateFailed, fmt.Sprintf("%sno message was sent to %s: %v", subject, hooks[i].Kind, err), adviceOf(schema.CodeNotify), schema.CodeNotify)
				continue
			}
			d.ok("notify", fmt.Sprintf("%sa message was sent to %s", subject, hooks[i].Kind))
		}
	}
}
