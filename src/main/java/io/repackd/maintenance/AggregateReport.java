package io.repackd.maintenance;

import io.repackd.maintenance.AggregatePlan.Bundle;
import io.repackd.maintenance.AggregatePlan.LeftAlone;
import io.repackd.maintenance.AggregatePlan.Reason;
import io.repackd.maintenance.StepOutcome.Work;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a round of aggregation has done so far, and why not more: {@code 120 packs and 4000 loose objects into 2 packs; left 3: 2
 * kept, 1 large}.
 */
final class AggregateReport {
  private Work work = Work.NONE;
  private long bundledPacks;
  private Optional<LooseOutcome> loose = Optional.empty();
  private AggregatePlan plan = AggregatePlan.NOTHING;

  void deleted(long packs) {
    work = work.plus(new Work(0, packs, 0, 0));
  }

  /** A new pack was published. */
  void bundled(long packs, long objects, long bytes) {
    bundledPacks += packs;
    work = work.plus(new Work(1, 0, objects, bytes));
  }

  /** What was done with loose objects. */
  void loose(LooseOutcome outcome) {
    loose = Optional.of(outcome);
    work = work.plus(outcome.work());
  }

  /** The plan that is carried out now; what it leaves alone is what will be left. */
  void planned(AggregatePlan newPlan) {
    plan = newPlan;
  }

  /** What was not bundled because a repack takes it. */
  List<Bundle> toRepack() {
    return plan.toRepack();
  }

  Work work() {
    return work;
  }

  /** How the round ended, if nothing stopped it. */
  Result result() {
    if (plan.leftAlone().stream().anyMatch(left -> left.reason() == Reason.DAMAGED)) {
      return Result.DEGRADED;
    }
    if (loose.map(LooseOutcome::result).filter(Result.DEGRADED::equals).isPresent()) {
      return Result.DEGRADED;
    }
    return plan.obstacle().isPresent() && work.equals(Work.NONE) ? Result.SKIPPED : Result.OK;
  }

  /** For a person. */
  String detail() {
    List<String> parts = new ArrayList<>();
    if (work.packsWritten() > 0) {
      parts.add("%s into %s".formatted(sources(), count(work.packsWritten(), "pack")));
    }
    if (work.packsDeleted() > 0) {
      parts.add("%s deleted".formatted(count(work.packsDeleted(), "superseded pack")));
    }
    if (work.looseObjectsDeleted() > 0) {
      parts.add("%s deleted".formatted(count(work.looseObjectsDeleted(), "loose object")));
    }
    if (plan.obstacle().isPresent()) {
      parts.add("no packs, because " + plan.obstacle().get());
    } else if (parts.isEmpty()) {
      parts.add("nothing to bundle");
    }
    long waiting = plan.superseded().stream().filter(decision -> !decision.delete()).count();
    if (waiting > 0) {
      parts.add("%s waiting for deletion".formatted(count(waiting, "superseded pack")));
    }
    left().ifPresent(parts::add);
    loose
        .filter(outcome -> outcome.bad() > 0)
        .ifPresent(
            outcome -> parts.add("left %s".formatted(count(outcome.bad(), "bad loose object"))));
    loose
        .filter(outcome -> outcome.damaged() > 0)
        .ifPresent(_ -> parts.add("left loose objects whose packed copies are damaged"));
    return String.join("; ", parts);
  }

  private String sources() {
    List<String> sources = new ArrayList<>();
    if (bundledPacks > 0) {
      sources.add(count(bundledPacks, "pack"));
    }
    long packed = loose.map(LooseOutcome::packed).orElse(0L);
    if (packed > 0) {
      sources.add(count(packed, "loose object"));
    }
    return String.join(" and ", sources);
  }

  /** What the multi-pack-index lists is the business of others. */
  private Optional<String> left() {
    Map<Reason, Long> counts =
        plan.leftAlone().stream()
            .map(LeftAlone::reason)
            .filter(reason -> reason != Reason.LISTED && reason != Reason.SUPERSEDED)
            .collect(
                Collectors.groupingBy(
                    reason -> reason, () -> new EnumMap<>(Reason.class), Collectors.counting()));
    if (counts.isEmpty()) {
      return Optional.empty();
    }
    String each =
        counts.entrySet().stream()
            .map(entry -> entry.getValue() + " " + entry.getKey().label())
            .collect(Collectors.joining(", "));
    long all = counts.values().stream().mapToLong(Long::longValue).sum();
    return Optional.of("left %d: %s".formatted(all, each));
  }

  private static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }
}
