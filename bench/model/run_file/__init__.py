"""Types of a run's files: `run.json` and the lines of `samples.jsonl`.

They are TypedDicts: at run time each is the plain dict that stands in the file, and costs nothing.
Import them from here: `from bench.model.run_file import ContenderResult, Run`.

The text below a field gives its meaning and unit. `./inv schema` writes it with the types into
`reports/schema.json`, which every run is checked against when it is read. A key that older runs do
not have is `NotRequired`: read it with `.get`. Keys keep their names, because older runs have them;
a new key gets the best name there is.
"""

from bench.model.run_file.calibration import (
    Calibration,
    CalibrationCheck,
    ClockFacts,
    Distribution,
    FloorComparison,
    Histogram,
    TraceAgreement,
    WitnessedRun,
    check_outcome,
)
from bench.model.run_file.contender import (
    Article,
    ContenderResult,
    FloorAlone,
    GuestFacts,
    HostLoad,
    MeasurerFacts,
    MetricResult,
    OwnFilesFacts,
    QualityIssue,
    ScenarioResult,
    SourceFacts,
    VerdictResult,
    Verification,
)
from bench.model.run_file.host import HostFacts
from bench.model.run_file.names import FLOOR, RESTART_PARTS, TOO_NOISY, is_too_noisy_warning
from bench.model.run_file.run import (
    AbsentSupervisor,
    FloorFigure,
    FloorNoise,
    KeptTrialsSeal,
    MergedPart,
    Options,
    OwnDaemonFacts,
    PartNoise,
    PlanSummary,
    ProviderChoice,
    Run,
    SamplesSeal,
    SealedSamples,
    SystemFacts,
    SystemsOfRun,
)
from bench.model.run_file.sample import KernelStamps, Sample
from bench.model.run_file.supervisor import (
    Action,
    Example,
    ExampleStep,
    LineCount,
    LineCounts,
    RecordedCount,
    SupervisorFacts,
)

__all__ = [
    "FLOOR",
    "RESTART_PARTS",
    "TOO_NOISY",
    "AbsentSupervisor",
    "Action",
    "Article",
    "Calibration",
    "CalibrationCheck",
    "ClockFacts",
    "ContenderResult",
    "Distribution",
    "Example",
    "ExampleStep",
    "FloorAlone",
    "FloorComparison",
    "FloorFigure",
    "FloorNoise",
    "GuestFacts",
    "Histogram",
    "HostFacts",
    "HostLoad",
    "KeptTrialsSeal",
    "KernelStamps",
    "LineCount",
    "LineCounts",
    "MeasurerFacts",
    "MergedPart",
    "MetricResult",
    "Options",
    "OwnDaemonFacts",
    "OwnFilesFacts",
    "PartNoise",
    "PlanSummary",
    "ProviderChoice",
    "QualityIssue",
    "RecordedCount",
    "Run",
    "Sample",
    "SamplesSeal",
    "ScenarioResult",
    "SealedSamples",
    "SourceFacts",
    "SupervisorFacts",
    "SystemFacts",
    "SystemsOfRun",
    "TraceAgreement",
    "VerdictResult",
    "Verification",
    "WitnessedRun",
    "check_outcome",
    "is_too_noisy_warning",
]
