package pipeline

import (
	"context"
	"errors"

	"billwalk/pipeline/claims"
	"billwalk/schema"
)

// Exit codes of a run, as the command line documents them.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitConfig      = 2 // the configuration, the clock or the store's permissions are wrong: nothing was published
	ExitIncomplete  = 3 // some units failed, or some orders have no answer; what is whole was published
	ExitDifferences = 4 // all went well, groups or withdrawals do not add up, and the caller fails on that
	ExitStopped     = 5 // by quota, deadline or outage; run again to go on
	ExitSuperseded  = 6 // another run got there first
	ExitInterrupted = 130
)

// ExitCodes explains the exit codes of the program.
var ExitCodes = []struct {
	Code            int
	Meaning, Remedy schema.Bilingual
}{
	{ExitDone, schema.Bilingual{English: "done", Chinese: "完成"}, schema.Bilingual{English: "nothing", Chinese: "无"}},
	{ExitFailed, schema.Bilingual{English: "failed: the lake cannot be written, verify found a fault, or a bug", Chinese: "失败：数据湖写不了、verify 发现问题，或程序缺陷"},
		schema.Bilingual{English: "read the error, and run again", Chinese: "看错误信息，再跑"}},
	{ExitConfig, schema.Bilingual{English: "usage or configuration; also a wrong secret, a wrong clock, a store that refuses writes", Chinese: "用法或配置错误；也包括密钥错误、时钟不准、存储拒绝写入"},
		schema.Bilingual{English: "fix what the message names; billwalk check JOB looks at everything that a run needs", Chinese: "按提示处理；billwalk check JOB 可逐项检查"}},
	{ExitIncomplete, schema.Bilingual{English: "incomplete: some units failed, or orders have no answer; what is whole was published", Chinese: "不完整：部分账户失败，或有订单没有查到答复；完整的已发布"},
		schema.Bilingual{English: "the summary names each failure with code, reason and logid: explain CODE says what to do", Chinese: "摘要逐一列出错误码、原因与 logid：用 explain CODE 看如何处理"}},
	{ExitDifferences, schema.Bilingual{English: "all went well, groups or withdrawals are mismatched, and --fail-on differences was given", Chinese: "运行正常，但分账或提现有差异，且加了 --fail-on differences"},
		schema.Bilingual{English: "look at the differences: the summary and the report list them", Chinese: "查看差异：见摘要与日报"}},
	{ExitStopped, schema.Bilingual{English: "stopped by quota, --deadline, or an outage longer than --patience", Chinese: "配额用完、--deadline 到时，或平台无应答超过 --patience"},
		schema.Bilingual{English: "run again to continue: nothing that was fetched is fetched again", Chinese: "再跑即续，已拉取的不再拉取"}},
	{ExitSuperseded, schema.Bilingual{English: "another run published a day first, from older walks", Chinese: "另一次运行凭较早的拉取先发布了"},
		schema.Bilingual{English: "run again: what was walked is in the archive", Chinese: "再跑：已拉取的在归档中"}},
	{ExitInterrupted, schema.Bilingual{English: "interrupted by SIGINT", Chinese: "被 SIGINT 中断"},
		schema.Bilingual{English: "run again to continue", Chinese: "再跑即续"}},
	{exitTerminated, schema.Bilingual{English: "interrupted by SIGTERM", Chinese: "被 SIGTERM 中断"},
		schema.Bilingual{English: "run again to continue", Chinese: "再跑即续"}},
}

const exitTerminated = 143 // as shells have it for SIGTERM

// errStoppedToday is the error of a run that a quota, an outage or the deadline stopped.
var errStoppedToday = errors.New("stopped by quota, deadline or outage; run again to go on")

// exitCode returns the exit code of a run with the error. incomplete means that units
// or orders failed.
func exitCode(ctx context.Context, incomplete bool, err error) int {
	switch {
	case ctx.Err() != nil:
		var signal interface{ ExitCode() int }
		if errors.As(context.Cause(ctx), &signal) {
			return signal.ExitCode()
		}
		return ExitInterrupted
	case errors.Is(err, claims.ErrDenied), errors.Is(err, claims.ErrShards):
		return ExitConfig
	case errors.Is(err, errStoppedToday):
		return ExitStopped
	case errors.As(err, new(*supersededError)):
		return ExitSuperseded
	case err != nil:
		return ExitFailed
	case incomplete:
		return ExitIncomplete
	default:
		return ExitDone
	}
}

// faults collects errors that do not end a run.
type faults struct {
	all    []error
	failed bool // one of them is not schema.ErrSuperseded
}

// add adds an error, unless it is nil.
func (f *faults) add(err error) {
	if err != nil {
		f.all = append(f.all, err)
		f.failed = f.failed || !errors.Is(err, schema.ErrSuperseded)
	}
}

// err returns the errors as one, or nil. It is a *supersededError where nothing went
// wrong but that other runs came first.
func (f *faults) err() error {
	err := errors.Join(f.all...)
	if err == nil || f.failed {
		return err
	}
	return &supersededError{err}
}

// supersededError is the error of a run whose partitions other runs published first.
type supersededError struct{ error }

func (e *supersededError) Unwrap() error { return e.error }

// joinWithdrawals joins an error of the withdrawals to that of the other steps: that another
// run was first is no failure of its own.
func joinWithdrawals(err, withdrawals error) error {
	if err != nil && errors.As(withdrawals, new(*supersededError)) {
		return err
	}
	return errors.Join(err, withdrawals)
}
