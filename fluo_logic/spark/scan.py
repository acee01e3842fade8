"""A check on Spark: rules are run where the spans are, and only the traces of failing scopes come back."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self, TypeVar

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col

from fluo_logic.explain.words import plural
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers.sources import Source
from fluo_logic.facts.store import FactStore, lookup
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program, RulePlan
from fluo_logic.report.missing import attributes_named
from fluo_logic.scanned import Scanned, ScannedRule
from fluo_logic.spark import executors
from fluo_logic.spark.carried import unpacked
from fluo_logic.spark.counts import RuleCount, count, traces_of, wanted
from fluo_logic.spark.executors import Assembling, InputRead, Judge, Told, task_of
from fluo_logic.spark.rows import STRUCTURAL, Layout
from fluo_logic.spark.run import Run
from fluo_logic.spark.session import active, give_back, open_session, told
from fluo_logic.translate.relational import to_plan
from fluo_logic.translate.relational_spark import SparkPlan, for_spark

MOST_TASKS: Final = 10_000
"""Into so many tasks reading is divided at most: one for each file up to this."""
PART: Final = 16 * 2**20
"""So many bytes of input make a part of the traces, unless Spark is set to make fewer parts."""
DEFAULT_PARTS: Final = 200
PARTS: Final = "spark.sql.shuffle.partitions"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lacking:
    """Counts the attributes that rules name and spans lack; ``named`` is of each rule as `attributes_named` has it."""

    named: tuple[Mapping[str, frozenset[str]], ...]

    def __call__(self, store: FactStore) -> tuple[Mapping[str, int], ...]:
        """Return for each rule how many spans lack each attribute."""
        return tuple(
            {
                key: sum(
                    lookup(store.spans[span], key) is None for name in names for span in store.by_name.get(name, ())
                )
                for key, names in keys.items()
            }
            for keys in self.named
        )


@dataclass(frozen=True, slots=True)
class Read:
    """The spans on the executors, as they were read and as rows, and what reading them told the driver."""

    table: DataFrame
    layout: Layout
    inputs: tuple[InputRead, ...]
    told: tuple[Told, ...]
    unsound: frozenset[str]

    def close(self) -> None:
        """Let go of the spans."""
        self.table.unpersist()

    def of(self, traces: Iterable[str] | None) -> DataFrame:
        """Return the spans of traces, or all, as they were read; those of a trace stay together."""
        chunks = self.table.where(col("kind") == executors.SPANS)
        if traces is not None:
            ids = chunks.sparkSession.createDataFrame([(trace,) for trace in sorted(traces)], "trace string")
            chunks = chunks.join(broadcast(ids), "trace", "left_semi")
        return chunks.select("kind", "trace", "data")

    def fetch(self, traces: Iterable[str] | None) -> Dataset:
        """Return traces, or all, as a data set with what was read of all inputs."""
        with told():
            rows = self.of(traces).select("data").collect()
        problems = [problem for read in self.inputs for problem in read.problems]
        return assemble(unpacked(row[0] for row in rows), problems, [read.summary for read in self.inputs])


class Scan:
    """A check on Spark; what is kept on the executors is let go at the end of a ``with``."""

    def __init__(
        self,
        sources: Iterable[Source],
        rules: Ruleset,
        program: Program,
        progress: Progress = silent,
        session: SparkSession | None = None,
    ) -> None:
        """Plan it, and read the inputs.

        Raises:
            UnsupportedError: a clause has no relational form, or none in Spark SQL.
            ConfigError: Spark cannot be started, or a job fails.
        """
        clock = time.perf_counter()
        self.program = program
        self.progress = progress
        self.spark_plan = for_spark(to_plan(program, wanted(program)))
        self.before = active(session)
        self.session = open_session(self.before)
        progress("reading on Spark")
        self.read = read_on(self.session, sources, rules, self.spark_plan)
        self.run: Run | None = None
        self.failing: list[Mapping[str, int]] = []
        self.traces: tuple[str, ...] = ()
        self.latest = max((part.latest for part in self.read.told if part.latest is not None), default=None)
        self.seconds = {"read": time.perf_counter() - clock}

    def __enter__(self) -> Self:
        """Return the scan."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what is kept."""
        if self.run is not None:
            self.run.close()
        self.read.close()
        give_back(self.before)

    def result(self) -> Scanned | None:
        """Return what became of each rule, and the traces of failing scopes; None where all traces together fail."""
        clock = time.perf_counter()
        told_ = self.read.told
        rows = self.read.table.where(col("kind") == executors.ROW)
        self.run = run = Run(self.session, self.spark_plan, self.read.layout, rows)
        self.progress(f"checking {sum(part.spans for part in told_):,} spans on Spark")
        counts = count(run, self.program)
        traces = traces_of(run, self.program, counts)
        self.seconds["scan"] = time.perf_counter() - clock
        if traces is None:
            return None
        clock = time.perf_counter()
        dataset = self._failed(traces)
        self.failing = [result.failing for result in counts]
        self.traces = tuple(dataset.traces)
        self.seconds["read failures"] = time.perf_counter() - clock
        return Scanned(
            spans=sum(part.spans for part in told_),
            traces=sum(part.traces for part in told_),
            rules=tuple(
                _rule(plan, result, _missing(told_, number), dataset)
                for number, (plan, result) in enumerate(zip(self.program.rules, counts, strict=True))
            ),
            dataset=dataset,
            seconds=self.seconds,
        )

    def everything(self) -> Dataset:
        """Return all that was read."""
        return self.read.fetch(None)

    def judged(self, judge: Judge[Result], max_proofs: int) -> list[Result]:
        """Return what a judge has to say of the traces in which rules within traces fail; the executors ask it.

        Of each rule the first failures get proofs, in the order of their traces.
        """
        failing: dict[str, dict[int, int]] = {}
        for number, (plan, scopes) in enumerate(zip(self.program.rules, self.failing, strict=True)):
            if plan.scope_kind != "per trace":
                continue
            left = max_proofs
            for trace_id in self.traces:
                if trace_id in scopes:
                    proofs = min(left, scopes[trace_id])
                    left -= proofs
                    failing.setdefault(trace_id, {})[number] = proofs
        if not failing:
            return []
        clock = time.perf_counter()
        self.progress(f"judging and proving in {plural(len(failing), 'trace')} on Spark")
        judging = executors.Judging(judge, failing, self.latest)
        with told():
            rows = self.read.of(failing).mapInArrow(judging, executors.JUDGED_SCHEMA).collect()
        self.seconds["judge"] = time.perf_counter() - clock
        return [result for row in rows for result in pickle.loads(row[0])]  # noqa: S301 - written by an executor

    def _failed(self, traces: set[str]) -> Dataset:
        """Return the traces of failing scopes, with what is known of all the data."""
        both = self.read.fetch(traces | self.read.unsound)
        kept = [span for span in both.spans if span.trace_id in traces]
        return replace(
            assemble(kept),
            inputs=both.inputs,
            problems=both.problems,
            merged=sum(part.merged for part in self.read.told),
            differing=sum(part.differing for part in self.read.told),
            orphans=sum(part.orphans for part in self.read.told),
            latest=self.latest,
        )


def read_on(session: SparkSession, sources: Iterable[Source], rules: Ruleset, spark_plan: SparkPlan) -> Read:
    """Read inputs on the executors."""
    tasks = [task_of(source, number) for number, source in enumerate(sources)]
    session.conf.set(PARTS, str(parts_for(session, tasks)))
    named = tuple({key: frozenset(names) for key, names in attributes_named(rule).items()} for rule in rules.rules)
    plan = spark_plan.plan
    layout = Layout(
        structural=tuple(name for name in STRUCTURAL if name in plan.structural),
        spans=plan.spans,
        events=plan.events if spark_plan.reads_events else None,
        links=spark_plan.reads_links,
    )
    read = _read(session, tasks, Assembling(layout, Lacking(named)))
    if any(part.wide for part in read.told):
        read.close()
        read = _read(session, tasks, Assembling(replace(layout, wide=True), Lacking(named)))
    return read


def parts_for(session: SparkSession, tasks: Sequence[executors.Task]) -> int:
    """Return into how many parts traces go: what Spark is set to, or fewer for little data, but one for each core."""
    most = int(session.conf.get(PARTS) or DEFAULT_PARTS)
    sizes = [task.size for task in tasks]
    if any(size is None for size in sizes):
        return most
    needed = sum(size or 0 for size in sizes) // PART + 1
    cores: int = session.sparkContext.defaultParallelism
    return min(most, max(needed, cores))


def _read(session: SparkSession, tasks: Sequence[executors.Task], assembling: Assembling) -> Read:
    with told():
        pickled = [(pickle.dumps(task),) for task in tasks]
        slices = max(1, min(len(tasks), MOST_TASKS))
        described = session.createDataFrame(session.sparkContext.parallelize(pickled, slices), "task binary")
        spans = described.mapInArrow(executors.read, executors.READ_SCHEMA)
        number = int(session.conf.get(PARTS) or len(tasks))
        whole = spans.repartition(number, "trace").sortWithinPartitions("trace")
        table = whole.mapInArrow(assembling, assembling.schema).persist(StorageLevel.MEMORY_AND_DISK)
        kinds = (executors.INPUT, executors.TRACES, executors.UNSOUND)
        rows = table.where(col("kind").isin(*kinds)).select("kind", "trace", "data").collect()
    inputs: list[InputRead] = []
    parts: list[Told] = []
    unsound: set[str] = set()
    for kind, trace, data in rows:
        match kind:
            case executors.INPUT:
                inputs.append(pickle.loads(data))  # noqa: S301 - written by an executor
            case executors.TRACES:
                parts.append(pickle.loads(data))  # noqa: S301 - likewise
            case _:
                unsound.add(trace)
    inputs.sort(key=lambda read: read.place)
    return Read(table, assembling.layout, tuple(inputs), tuple(parts), frozenset(unsound))


def _missing(parts: Iterable[Told], number: int) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for part in parts:
        counted.update(part.missing[number])
    return {key: lacking for key, lacking in sorted(counted.items()) if lacking}


def _rule(plan: RulePlan, result: RuleCount, missing: Mapping[str, int], dataset: Dataset) -> ScannedRule:
    failing: frozenset[int | str] = frozenset(result.failing)
    if plan.scope_kind == "per trace":
        order = {trace_id: number for number, trace_id in enumerate(dataset.traces)}
        failing = frozenset(order[trace_id] for trace_id in result.failing)
    return ScannedRule(result.scopes, result.matches, result.active, result.failures, failing, missing)
