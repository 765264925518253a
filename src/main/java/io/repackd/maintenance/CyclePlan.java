package io.repackd.maintenance;

import io.repackd.objectdir.PackKind;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a cycle does once the multi-pack-index is written and verified: a pure function of a {@link Snapshot} and the settings,
 * made by {@link CyclePlanner}. {@code repackd plan} prints it, and the cycle executes it.
 *
 * @param expire every pack that owns nothing, and whether it goes
 * @param batches what is put together; at most one batch of ordinary and one of promisor packs
 * @param leftAlone the packs of which a repack would take something, and which are in no batch, each with the reason
 */
public record CyclePlan(
    List<ExpireDecision> expire, List<Batch> batches, List<LeftAlone> leftAlone) {
  public CyclePlan {
    expire = List.copyOf(expire);
    batches = List.copyOf(batches);
    leftAlone = List.copyOf(leftAlone);
  }

  /**
   * What becomes of a pack that owns nothing.
   *
   * @param pack the pack
   * @param delete whether it is deleted
   * @param reason why, or why not yet
   * @param awaitsReader whether it would go if it was not for somebody who may still read it
   */
  public record ExpireDecision(
      PackView pack, boolean delete, String reason, boolean awaitsReader) {}

  /**
   * Packs whose objects go into one new pack, or several if one would be too large.
   *
   * @param kind ordinary or promisor
   * @param taken the packs, oldest first
   * @param expectedBytes about how large the new packs will be together
   * @param packBytes how large each may be: {@link Long#MAX_VALUE} if there is no limit
   */
  public record Batch(PackKind kind, List<Taken> taken, long expectedBytes, long packBytes) {
    public Batch {
      taken = List.copyOf(taken);
    }

    /** Whether there is a limit to the size of a pack. */
    public boolean limited() {
      return packBytes != Long.MAX_VALUE;
    }

    /** How many new packs there will be at least, if they become as large as is expected. */
    public long expectedPacks() {
      return Math.max(1, Math.ceilDiv(expectedBytes, packBytes));
    }

    /** The packs, oldest first. */
    public List<PackView> packs() {
      return taken.stream().map(Taken::pack).toList();
    }

    /**
     * What is done with how many packs, in words.
     *
     * @param newPacks how many they become
     */
    public String words(long newPacks) {
      if (newPacks > 1) {
        return "%d %s pack%s into %d"
            .formatted(taken.size(), kind.label(), taken.size() == 1 ? "" : "s", newPacks);
      }
      return taken.size() == 1
          ? "1 %s pack into a new one".formatted(kind.label())
          : "%d %s packs into one".formatted(taken.size(), kind.label());
    }

    /** How many objects the new pack will have. */
    public long objects() {
      return taken.stream().mapToLong(each -> each.pack().taken()).sum();
    }
  }

  /**
   * A pack that is put together with others.
   *
   * @param pack the pack
   * @param reason why
   */
  public record Taken(PackView pack, String reason) {}

  /**
   * A pack that stays as it is.
   *
   * @param pack the pack
   * @param reason why
   */
  public record LeftAlone(PackView pack, String reason) {}

  /** For whom packs wait that could go otherwise, in words; empty if for nobody. */
  String waiting() {
    Map<String, Long> packs =
        expire.stream()
            .filter(ExpireDecision::awaitsReader)
            .collect(
                Collectors.groupingBy(ExpireDecision::reason, TreeMap::new, Collectors.counting()));
    return packs.entrySet().stream()
        .map(wait ->
            "%s: %s"
                .formatted(
                    wait.getValue() == 1
                        ? "1 unreferenced pack waits"
                        : wait.getValue() + " unreferenced packs wait",
                    wait.getKey()))
        .collect(Collectors.joining("; "));
  }

  /**
   * The same, but some packs stay.
   *
   * @param names the names of packs that turned out to be needed
   */
  CyclePlan without(Set<String> names) {
    return new CyclePlan(
        expire.stream()
            .map(decision ->
                names.contains(decision.pack().pack().name())
                    ? new ExpireDecision(
                        decision.pack(), false, "what was repacked lies in it", false)
                    : decision)
            .toList(),
        batches,
        leftAlone);
  }

  /** The packs that are deleted. */
  public List<PackView> deletions() {
    return expire.stream().filter(ExpireDecision::delete).map(ExpireDecision::pack).toList();
  }
}
