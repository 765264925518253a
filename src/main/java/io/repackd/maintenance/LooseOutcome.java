package io.repackd.maintenance;

import io.repackd.maintenance.StepOutcome.Work;
import java.util.List;
import java.util.StringJoiner;

/**
 * What was done with the loose objects of an object directory.
 *
 * @param packed how many were packed
 * @param dropped how many were unlinked, because packs have them
 * @param bad how many cannot be packed, because they cannot be read or are not what their names say
 * @param vanished how many somebody else had packed or pruned before they were read
 * @param damaged how many packed copies, or packs, are damaged, so that the loose objects stay
 * @param packs the names of the packs that were written, without extension
 * @param bytes how long their files are together
 * @param obstructed whether somebody else's maintenance, or the repository's configuration, forbids to drop objects
 * @param left why others were not packed, or not dropped: one line for each reason
 */
public record LooseOutcome(
    long packed,
    long dropped,
    long bad,
    long vanished,
    long damaged,
    List<String> packs,
    long bytes,
    boolean obstructed,
    List<String> left) {
  public LooseOutcome {
    packs = List.copyOf(packs);
    left = List.copyOf(left);
  }

  /** How it ended: degraded if something is damaged, and skipped if nothing could be done at all. */
  public Result result() {
    if (bad > 0 || damaged > 0) {
      return Result.DEGRADED;
    }
    return obstructed && packed == 0 && dropped == 0 ? Result.SKIPPED : Result.OK;
  }

  /** The same, as steps count it. */
  public Work work() {
    return new Work(packs.size(), 0, packed, bytes, dropped);
  }

  /** One line for a person. */
  public String describe() {
    StringJoiner line = new StringJoiner(", ");
    line.add(packed == 0 ? "packed no loose objects" : "packed %d loose objects".formatted(packed));
    line.add("dropped " + (dropped == 0 ? "none" : String.valueOf(dropped)));
    if (bad > 0) {
      line.add("left %d bad ones".formatted(bad));
    }
    if (vanished > 0) {
      line.add("%d had gone".formatted(vanished));
    }
    left.forEach(line::add);
    return line.toString();
  }
}
