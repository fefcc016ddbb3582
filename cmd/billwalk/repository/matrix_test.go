package repository

import (
	"go/ast"
	"path"
	"strings"
	"testing"
)

// matrix is the list of what can go wrong, and of what proves that it does no
// harm: tests by package and function, or the reason why there is none. Rows keep
// their numbers.
var matrix = []struct {
	row   int
	fault string
	tests string // "package Test Test; package Test"
	limit string // why it does not apply, or what is not covered
}{
	// Death and interruption.
	{1, "kill -9 before any remote operation", "cmd/billwalk TestKillAnywhere TestSimulation; pipeline TestKilled TestKilledAgainAndAgain TestKilledWhileAsking; sinks/lake TestCrashAfterEveryPut", ""},
	{2, "kill -9 after it applied", "cmd/billwalk TestKillAnywhere TestSimulation; pipeline TestRestatementsOutliveACrash; sinks/lake TestCrashAfterEveryPut", ""},
	{3, "SIGTERM in the walk", "cmd/billwalk TestSignals TestSecondSignalKills TestInterruptedRunGoesOn; pipeline TestInterrupted TestTradeInterrupted TestInterruptedWhileThePlatformHangs", ""},

	// Two writers.
	{4, "two runs of the same day", "pipeline TestTwoRunsAtOnce TestTakenWalk TestClaimsAreOnlyAHint; sinks/lake TestSuperseded TestAnyTwoPublications; cmd/billwalk TestSimulation", ""},
	{5, "a zombie after a network cut", "sinks/lake TestSuperseded TestAnyTwoPublications; pipeline TestSupersededByTheOlder; cmd/billwalk TestSimulation", ""},
	{6, "ABA: the day goes back to what it was", "sinks/lake TestSupersededByTheSameRows TestSameRowsSameBytes; pipeline TestUnchangedPartition; cmd/billwalk TestSimulation; sinks/object/objecttest TestMemETags", ""},
	{7, "the base read too late: does the simulation notice?", "cmd/billwalk TestRuleMutants TestRuleMutantsApply", ""},

	// The store.
	{8, "a PUT applied, its answer lost", "sinks/lake TestLostAnswers; sinks/archive TestLostAnswers TestLostSettlements; sinks/object TestS3PutWithoutAnswer TestPutKnown", ""},
	{9, "a PUT not applied, the connection reset", "sinks/lake TestLostAnswers TestStoppedWhileUnknown; sinks/object TestS3PutWithoutAnswer TestPutKnown", ""},
	{10, "409 ConditionalRequestConflict", "sinks/object TestS3PutErrors TestS3PartsOutcome", ""},
	{11, "a PUT that applies late, after its timeout", "sinks/object/objecttest TestMemLate; sinks/lake TestAnyTwoPublications; cmd/billwalk TestSimulation", ""},
	{12, "a store that ignores conditions", "sinks/object TestProbeRefuses TestProbeStores TestEnsureProbed", ""},
	{13, "a store on which two writers win", "sinks/object TestProbeRefuses TestProbeUnderFaults", ""},
	{14, "a reader during publication", "cmd/billwalk TestReadersMeanwhile; sinks/object TestDirProcesses TestDirReplacedMeanwhile", ""},
	{15, "death between the data's PUT and the manifest's", "sinks/lake TestCrashAfterEveryPut TestStoppedWhileUnknown", ""},
	{16, "an archived page cut or with a flipped bit", "pipeline TestDamagedArchive TestDamagedCertificate TestDamagedUnitAlone TestDamagedSettlements; sinks/archive TestDamagedBatch TestDamagedSettlements; cmd/billwalk TestVerifyFindsEveryFlip", ""},

	// The walk.
	{17, "a bill deleted in mid-walk", "pipeline TestChangedMidWalk TestChangingDay; cmd/billwalk TestFaults", "passes: 1 trusts its one walk; and a change that hides from two walks in a row is not seen"},
	{18, "a bill inserted in mid-walk", "pipeline TestChangedMidWalk TestChangingDay; cmd/billwalk TestFaults", ""},
	{19, "a day that never stands still", "pipeline TestNeverStable TestChangingDay", ""},
	{20, "a cursor that loops", "pipeline TestGuards; pipeline/walk TestPageCap TestChain; cmd/billwalk TestFaults", ""},
	{21, "has_more with empty pages", "pipeline TestGuards TestEmptyPages; cmd/billwalk TestFaults", ""},
	{22, "HTTP 200 with an error body", "pipeline/douyin TestEveryCode TestSettleCodes TestMalformedAnswers; pipeline TestFailureReach; cmd/billwalk TestFaults", ""},
	{23, "ledger_records missing or null", "pipeline TestGuards; pipeline/normalise TestRefusedPages; cmd/billwalk TestFaults", ""},
	{24, "a day that shrinks", "pipeline TestShrink", ""},
	{25, "the same bill with another amount", "pipeline TestRepeatedAndConflicting TestOverlapInConflict; cmd/billwalk TestLakeEqualsTruth", "both rows stay and an exception tells: the day is published"},
	{26, "a root account and its own store, both configured", "pipeline TestOverlap TestOverlapInConflict TestOverlapWithoutTheStore; cmd/billwalk TestLakeEqualsTruth", ""},

	// The platform and the network.
	{27, "throttling for ten minutes", "pipeline/douyin TestThrottlingOf10Minutes TestThrottlingHalvesAndRecovers TestThrottlingFindsTheServersRate", ""},
	{28, "an outage of half an hour", "pipeline/douyin TestOutageOf30Minutes TestOutageWithoutEnd TestAllCallsFail TestAMinuteOfErrors", ""},
	{29, "a token that dies under 64 calls", "pipeline/douyin TestOneRefreshForManyRefusals", ""},
	{30, "somebody else who takes the token away", "pipeline/douyin TestTokenStolenEvery10Seconds TestStolenToken; cmd/billwalk TestFaults", ""},
	{31, "a body that comes byte by byte", "pipeline/douyin TestSlowBody TestTimeout", ""},
	{32, "a body cut at any byte", "pipeline/douyin TestCutAtEveryByte; cmd/billwalk TestFaults", ""},
	{33, "a bomb of gzip or zstd", "pipeline/douyin TestGzipBomb; sinks/archive TestDamagedBatch TestDamagedSettlements TestUnpackedIsBounded", ""},

	// Hostile values.
	{34, "hostile ids", "cmd/billwalk TestHostileIDs FuzzIDs; schema TestParseAccountID; sinks/object FuzzKey TestDirLinks; pipeline/jobs TestAccountsFileFaults TestAccountsInline", ""},
	{35, "amounts of 2^63-1", "pipeline TestGuards; pipeline/normalise TestIdentities TestSettleAmount FuzzDecodePage; pipeline/reconcile TestOverflow; schema TestFenAtTheBounds TestTallyDoesNotWrap", ""},
	{36, "unknown settle types", "pipeline/normalise TestDirection TestSettleAmount; cmd/billwalk TestLakeEqualsTruth", "the row stays without amounts and an exception tells: the day is published"},
	{37, "seconds for milliseconds, and the other way round", "pipeline/normalise TestSettleTime TestSettlementTime", "the column is NULL and an exception tells: the day is published"},
	{38, "clocks 20 minutes off, zones with daylight saving", "cmd/billwalk TestZones TestSkewedClock TestCheckClock; schema TestDayKnowsNoZone TestDayOfIsChinas; pipeline/jobs TestRange", "within minutes of midnight a wrong clock takes another day for yesterday"},

	// The callback receiver.
	{39, "kill -9 of the receiver under load", "cmd/billwalk TestReceiverKilled TestReceiveStops; pipeline/receive TestNeverAcknowledgedBefore TestServeDrains TestCloseDrains", ""},
	{40, "the receiver's store is down", "cmd/billwalk TestReceiverStoreFails TestReceiveWaitsForStore TestReceiveRefusesStore; pipeline/receive TestNeverAcknowledgedBefore TestCommitFails TestStoreHangs TestSlowStore TestQueueIsBounded TestNotReady TestStoreComesBack; sinks/archive TestCallbacksStoreFails", ""},
	{41, "callbacks repeated and in disorder", "pipeline/evidence TestMarksInAnyOrder TestMarkOfCallbacks TestMerge; pipeline TestEachCallbackOnce; pipeline/normalise TestCallbackDigest; cmd/billwalk TestReceiverKilled TestReceiverStoreFails", ""},
	{42, "bad, legacy or absent signatures", "pipeline/receive TestRefused TestAcknowledged TestOneAddress TestWrongSignature FuzzSignature FuzzLegacyBody; cmd/billwalk TestReceiveVerb TestSeedExamples", ""},
	{43, "slowloris", "pipeline/receive TestSlowSenders TestIdleConnection TestHugeHeader TestBusy; cmd/billwalk TestReceiverSlowloris", ""},
	{44, "large, deep and repeating bodies", "pipeline/douyin TestMalformedAnswers TestHostileAnswersThatAreTaken FuzzAnswer FuzzSettleAnswer; pipeline/normalise FuzzDecodePage FuzzDecodeSettlements; pipeline/jobs TestHostileShapes TestLoadRefusesHugeFile FuzzParse; pipeline/receive TestRefused TestCutBody TestHugeHeader TestQuarantine FuzzLegacyBody; pipeline/normalise TestDecodeCallback FuzzDecodeCallback; cmd/billwalk TestReceiveVerb", ""},
	{45, "rotation of the platform's key", "pipeline/receive TestKeyRotation TestKeyFolderExchanged TestParseKey TestUnreadableKey", ""},

	// The machine and the years.
	{46, "canary secrets everywhere", "cmd/billwalk TestCanaries TestReceiverCanaries TestReceiveVerb TestFaults TestPanicShowsNoSecret; schema TestSecretIsNeverPrinted; pipeline/jobs TestDumpsShowNoSecret TestFaultsShowNoSecret; pipeline/douyin TestSecretsStaySecret; pipeline/normalise TestCodePolicy", ""},
	{47, "a million rows in little memory", "cmd/billwalk BenchmarkMillionBills BenchmarkMillionReconciled", "a benchmark of minutes, for CI and not for go test: a million bills below 512 MiB, reconciled below 768"},
	{48, "a disk that is full, or cannot be written", "cmd/billwalk TestDiskFull TestNoLocalFolder TestLakeInTheWay TestBucketReadOnly; sinks/parquet TestFinishOnABrokenDisk TestNoFile", ""},
	{49, "three nights missed", "cmd/billwalk TestMissedNights", "nights further back than the lookback are filled by a backfill"},
	{50, "an older billwalk and a newer lake", "cmd/billwalk TestNewerLake TestOldLake; sinks/lake TestUnknownVersions; sinks/archive TestCertificateIsRefused TestDamagedSettlements", "a settle pass of a newer version is passed over: its orders are asked for again"},

	// Answers that look like success.
	{51, "an error beside data and extra, or no word of success", "pipeline/douyin TestErrorsOutside TestNoEvidence FuzzAnswer FuzzSettleAnswer; pipeline/audit TestEvidence; pipeline/douyin/sandbox TestOutside; cmd/billwalk TestFaults TestSimulation", ""},
	{52, "such an answer in the archive of an earlier version", "pipeline TestPageWithoutEvidence TestAnswerWithoutEvidence; cmd/billwalk TestVerifyWithoutEvidence", ""},

	// Content that is not as documented.
	{53, "amounts with a minus", "pipeline/normalise TestNegativeAmounts TestNegativeInIdentities FuzzDecodePage FuzzDecodeSettlements; pipeline/evidence TestMergeKeepsContent; pipeline/audit FuzzTwoReadings FuzzTwoReadingsOfCallbacks; cmd/billwalk TestContentFaults TestFaults", "the column is NULL and an exception tells: the day is published"},
	{54, "text that was cut, a byte order mark, an answer that cannot be read", "pipeline/mend TestText TestUnquote FuzzText; pipeline/normalise TestBadText TestBadTextInCallbacks TestUnreadableRecord; pipeline/douyin TestUnreadableIsNoOutage TestUnansweredIsNotUnreadable TestBOMAndBadText TestUnreadableSettlement; pipeline TestUnreadableUnit TestUnreadableOrder TestBadTextIsPublished; pipeline/receive TestBadTextIsTaken; sinks/archive TestBytesComeBack TestUnreadable; cmd/billwalk TestContentFaults TestFaults", ""},

	// A platform that fails now and then.
	{55, "every second call fails, of every kind and both APIs", "cmd/billwalk TestUnsteadyPlatform TestSimulation; pipeline/douyin TestEveryKthCallFails TestHalfOfAllCallsFail TestOneCallFailsAlone TestFreshCallsGoFirst; pipeline TestRepeatsHoldUpNobody TestRepeatsEndWithTheDeadline", "too many requests are the platform's word: the rate falls, and the night takes longer"},
	{56, "a gateway that ends kept-open connections", "pipeline/douyin TestGatewayEndsConnections TestNewConnectionThatEnds TestResetConnections", ""},
	{57, "an app that is refused, by its IP or capability", "pipeline/douyin TestAppRefused; pipeline TestFailureReach TestTradeReach; cmd/billwalk TestPrintFailures TestFaults", ""},

	// What is too large, or no file.
	{58, "an object of a gigabyte, or without end, in a small one's place", "sinks/object TestTooLarge TestAsLargeAsAllowed TestTooLargeToWrite TestReadEndsWithItsContext TestDirSparse; sinks/lake TestFetchIsBounded TestHonestManifest FuzzManifest; sinks/archive TestHugeObjects; schema TestLimitOf TestAmplified TestCheckLists; cmd/billwalk TestHugeManifest TestStoppedWhileReading", "up to its limit an object is read: 16 GiB of a Parquet file go to the local disk"},
	{59, "a FIFO, device, socket or folder in a file's place", "sinks/object TestDirNotFiles TestDirFIFOsOfItsOwn TestDirFIFOInBetween; cmd/billwalk TestManifestIsAFIFO", ""},
	{60, "a Parquet file of some KB that unpacks to gigabytes, or claims them", "sinks/parquet TestBombs TestBudget TestFooterClaims FuzzRead", "values that share their beginnings (DELTA_BYTE_ARRAY) are unpacked by the library before they are counted"},

	// Who may read what.
	{61, "other users of the machine of a folder lake", "sinks/object TestDirModes TestHide; cmd/billwalk TestCheckFiles TestTokenCacheIsPrivate", ""},

	// Strangers and forgers at the receiver.
	{62, "strangers hold all connections, over TLS, too", "pipeline/receive TestConnectionBounds TestHonestAmongStrangers TestFullOfVerified TestClosedAfterRefusal TestPlainConnectionsToTLS TestVerifiedOverTLS TestSuites; cmd/billwalk TestReceiverStrangers TestReceiverSoak", "who is behind a trusted proxy is bounded by that"},
	{63, "a callback of another mini-program, or of another type", "pipeline/normalise TestWhoseCallback TestOtherTypes FuzzWhoseCallback; pipeline/receive TestQuarantine TestSharedKey; pipeline/audit FuzzTwoReadingsOfCallbacks; pipeline TestWhoseCallback; pipeline/jobs TestAppIDs; cmd/billwalk TestReceiveVerb", ""},
	{64, "a callback sent again and again", "pipeline/receive TestRepeats TestRepeatsOfFailure TestRepeatsOfOldStyle TestRepeatsAreBounded; cmd/billwalk TestReceiverSoak", "after a restart, and beyond the last 65,536, it is stored once more, and counts once"},
	{65, "weak keys and tokens, and a key file that is gone", "pipeline/receive TestSmallExponent TestLegacyTimestamp TestKeyFileRemoved; pipeline/jobs TestCallbacksFaults", "a key whose file is gone stays in use until it is replaced: each minute a warning tells"},

	// Work that grows with what strangers send.
	{66, "very many settlements, items or callbacks of one order", "pipeline BenchmarkGrowth; pipeline/evidence TestAnswersAreBounded; pipeline/spill TestLimit TestRecordsLimit", ""},

	// Money over many nights.
	{67, "a settlement that answers for bills further apart than the lookback", "pipeline TestStanding; pipeline/audit TestRepeated; cmd/billwalk TestMonth TestVerifyOneDay", "of a settlement that succeeds after the last look at the day where it stands, an exception tells until that day is run again"},

	// Secrets in the wrong place.
	{68, "a secret in the wrong field of jobs.yaml, in a key, or glued to one", "pipeline/jobs TestCanaryInEveryField TestUnknownKeys FuzzSecrets TestFaultsShowNoSecret; cmd/billwalk TestConfigCanaries", "of a text of fewer than 6 characters nothing can be found in other texts"},
	{69, "a variable's value in an error of the system, the network or the store", "cmd/billwalk TestConfigCanaries TestEnvironmentCanaries TestHiddenVariables; pipeline/douyin TestUnreachableAddress; sinks/object TestHiding TestHidingKnowsSizes", ""},
	{70, "an answer that repeats the token or the client secret", "pipeline/douyin TestEchoes TestTokenAnswerIsNotKept; schema TestRedactor FuzzRedactor; cmd/billwalk TestCanaries", "callbacks are archived as received: their signature covers each byte"},
	{71, "a limit that the docs no longer have", "cmd/billwalk TestLimits TestTopics", ""},

	// Withdrawals.
	{72, "any of these faults on the withdrawal API, or on the bills of a withdrawal", "cmd/billwalk TestWithdrawalNights TestSimulation; pipeline/withdraw TestPlatform", ""},
	{73, "withdrawals that were forged or damaged, in the archive or published", "cmd/billwalk TestVerifyWithdrawals TestVerifyWithdrawalForger; pipeline/audit FuzzTwoReadingsOfWithdrawals TestTwoTies", ""},
}

// suites is the folder of the program and of the suites that test it as a whole. The
// matrix does not say in which of them a test is.
const suites = "cmd/billwalk"

// TestMatrix: the matrix has every row, and each row a test that exists, or a reason.
func TestMatrix(t *testing.T) {
	t.Parallel()
	exist := make(map[string]bool) // "package Test"
	sources(t, func(file string, parsed *ast.File) {
		if !strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, declaration := range parsed.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
				folder := path.Dir(file)
				if strings.HasPrefix(folder, suites+"/") {
					folder = suites
				}
				exist[folder+" "+function.Name.Name] = true
			}
		}
	})
	for i, row := range matrix {
		if row.row != i+1 || row.fault == "" || row.tests == "" && row.limit == "" {
			t.Errorf("row %d: %+v", i+1, row)
		}
		for name := range testsOf(row.tests) {
			if !exist[name] {
				t.Errorf("row %d, %s: there is no %s", row.row, row.fault, name)
			}
		}
	}
	if len(matrix) != 73 {
		t.Errorf("%d rows, want 73", len(matrix))
	}
}

// testsOf is the set of tests in one line of the matrix, as "package Test".
func testsOf(line string) map[string]bool {
	tests := make(map[string]bool)
	for part := range strings.SplitSeq(line, ";") {
		fields := strings.Fields(part)
		for i := 1; i < len(fields); i++ {
			tests[fields[0]+" "+fields[i]] = true
		}
	}
	return tests
}
