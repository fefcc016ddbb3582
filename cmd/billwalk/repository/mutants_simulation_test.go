package repository

// simulationMutants each lose, double or invent money. The simulation has to find them
// within 200 seeds.
var simulationMutants = []mutant{
	{
		rule: "a walk continues from a cursor whose page was never stored", file: "pipeline/walk/walk.go",
		old: "\tpages := len(t.pages)\n\terr = u.fetch(ctx, t, begun.Batches)\n",
		new: `	if !t.done {
		if a, err := u.walker.Source.Bills(ctx, u.unit, t.next, u.walker.PageSize); err == nil {
			skipped := newTrace(u.unit, begun.Walk)
			skipped.next, a.Page = a.Cursor, 1
			if skipped.add(&a, u.walker.PageSize) == nil {
				t.next, t.done = skipped.next, skipped.done
			}
		}
	}
	pages := len(t.pages)
	err = u.fetch(ctx, t, begun.Batches)
`,
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `is not the one that follows|ends before its end`,
	},
	{
		rule: "what may be replaced is read after the walk, not before", file: "pipeline/build/stage.go",
		old:      "\tstage, err := p.builder.Lake.Stage(p.base)\n",
		new:      "\tp.base, _ = p.builder.Lake.Base(ctx, p.base.Day, p.base.Bucket)\n\tstage, err := p.builder.Lake.Stage(p.base)\n",
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `goes back from the walk|was published, and is not any more`,
	},
	{
		rule: "a conflict with a write of its own, whose answer was lost, is taken for a loss", file: "sinks/lake/publish.go",
		old: "info.Meta[writeIDMeta] == s.stamp.WriteID:", new: "info.Meta[writeIDMeta] == s.stamp.WriteID && false:",
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `nobody was there first`,
	},
	{
		rule: "the manifest is published before its data", file: "sinks/lake/publish.go",
		old:      "\tfor i := range m.Objects {\n\t\to := &m.Objects[i]\n\t\tif s.writers",
		new:      "\tif err := s.putManifest(ctx, m); err != nil {\n\t\treturn err\n\t}\n\tfor i := range m.Objects {\n\t\to := &m.Objects[i]\n\t\tif s.writers",
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `tells of \S+ with hash`,
	},
	{
		rule: "an error's body is taken for a day without bills", file: "pipeline/douyin/bills.go",
		old: "\tif fault, ok := errors.AsType[*Error](err); ok {\n",
		new: `	if fault, ok := errors.AsType[*Error](err); ok {
		if fault.Code != 0 {
			answer.Body = []byte("{\"data\":{\"has_more\":false,\"ledger_records\":[]},\"extra\":{\"error_code\":0}}")
			answer.Decoded, err = normalise.ReadContent(answer.Body)
			return answer, err
		}
`,
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `was never served|units cannot be had`,
	},
	{
		rule: "of two records of one bill that differ, one is dropped", file: "pipeline/build/resolve.go",
		old: "elsewhere, known := variants[r.content]\n", new: "elsewhere := variants[r.content]\n\t\tknown := len(variants) > 0\n",
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `are not those of the certified walks`,
	},
	{
		rule: "what goes out is counted as coming in", file: "pipeline/normalise/billrules.go",
		old: "\tb.Direction = schema.Some(direction)\n", new: "\tdirection = max(direction, -direction)\n\tb.Direction = schema.Some(direction)\n",
		packages: "./cmd/billwalk/simulation", killer: "^TestSimulation$", symptom: `are not those of the certified walks`,
	},
}
