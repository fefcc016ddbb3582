package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"time"
)

// platform is a simulated platform in a process of its own.
type platform struct {
	url   string
	cmd   *exec.Cmd
	begun time.Time
}

var servesAt = regexp.MustCompile(`http://[0-9.:]+[0-9]`)

// startPlatform starts a platform without limits and faults.
func (b *bench) startPlatform(ctx context.Context, rows int) (*platform, error) {
	cmd := exec.CommandContext(ctx, b.Binary, "sandbox", "--addr", "127.0.0.1:0", "--healthy",
		"--accounts", fmt.Sprint(b.Accounts), "--bills", fmt.Sprint(max(1, rows/b.Accounts)))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &platform{cmd: cmd, begun: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if p.url = servesAt.FindString(line); p.url == "" {
		p.stop()
		return nil, fmt.Errorf("the sandbox does not serve: %q, %w", line, err)
	}
	return p, nil
}

// accounts returns the accounts.csv of the platform.
func (p *platform) accounts(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/sandbox/accounts?format=csv", nil)
	if err != nil {
		return "", err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// stop ends the process and returns what it took. It may be called again.
func (p *platform) stop() usage {
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended
	_ = p.cmd.Wait()                       // and ends with the code of an interrupt
	return usageOf(p.cmd.ProcessState, time.Since(p.begun))
}
