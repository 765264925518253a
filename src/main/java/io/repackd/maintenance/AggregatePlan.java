package io.repackd.maintenance;

import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.StoredPack;
import java.util.List;
import java.util.Optional;

/**
 * What a round of aggregation does with packs: a pure function of an {@link AggregateSnapshot}, the settings and the request, made
 * by {@link AggregatePlanner}.
 *
 * @param obstacle why nothing is bundled or deleted at all; empty if there is no such reason
 * @param bundles what is put together; at most one bundle of ordinary and one of promisor packs
 * @param toRepack what would be put together, but for a repack that takes it and follows at once; the same
 * @param leftAlone the packs that are in no bundle, each with the reason
 * @param superseded the packs that wait for deletion, and whether it has come to that
 */
public record AggregatePlan(
    Optional<String> obstacle,
    List<Bundle> bundles,
    List<Bundle> toRepack,
    List<LeftAlone> leftAlone,
    List<Decision> superseded) {
  public AggregatePlan {
    bundles = List.copyOf(bundles);
    toRepack = List.copyOf(toRepack);
    leftAlone = List.copyOf(leftAlone);
    superseded = List.copyOf(superseded);
  }

  /** Nothing is there to be done, and nothing in the way. */
  static final AggregatePlan NOTHING =
      new AggregatePlan(Optional.empty(), List.of(), List.of(), List.of(), List.of());

  /**
   * Packs whose objects go into one new pack.
   *
   * @param kind ordinary or promisor
   * @param packs the oldest first
   * @param supersedes the names of the packs that the new one supersedes: these, and those which these supersede
   */
  public record Bundle(PackKind kind, List<StoredPack> packs, List<String> supersedes) {
    public Bundle {
      packs = List.copyOf(packs);
      supersedes = List.copyOf(supersedes);
    }

    /** The sizes of the packs together. */
    public long bytes() {
      return packs.stream().mapToLong(pack -> pack.data().bytes()).sum();
    }
  }

  /** Why a pack is in no bundle. */
  public enum Reason {
    LISTED("in the multi-pack-index"),
    SUPERSEDED("superseded"),
    KEPT("kept"),
    CRUFT("cruft"),
    PROMISOR("promisor"),
    BITMAP("with a bitmap"),
    EXCLUDED("in use by a repack"),
    REPACK("left to the repack"),
    REPACKED("of a repack, to be listed"),
    YOUNG("just arrived"),
    DAMAGED("damaged"),
    LARGE("large"),
    UNEQUAL("larger than all smaller ones together"),
    FULL("for another round"),
    FEW("too few");

    private final String label;

    Reason(String label) {
      this.label = label;
    }

    /** For a person, after a number. */
    public String label() {
      return label;
    }
  }

  /** A pack that stays as it is. */
  public record LeftAlone(StoredPack pack, Reason reason) {}

  /**
   * What becomes of a superseded pack.
   *
   * @param pack the pack
   * @param by why it is superfluous
   * @param delete whether it is deleted, if the proof succeeds
   * @param reason why not yet
   * @param inUse whether a process that may want it is all that is in the way
   */
  public record Decision(
      StoredPack pack, Supersession by, boolean delete, String reason, boolean inUse) {
    /** The name of the pack that has its objects, too. */
    public String supersededBy() {
      return by.by().name();
    }
  }

  /** Whether a pack stays for nothing else but a process that may be gone in a moment. */
  boolean inUse() {
    return superseded.stream().anyMatch(Decision::inUse);
  }

  /** What is deleted, if the proof succeeds. */
  public List<Decision> due() {
    return superseded.stream().filter(Decision::delete).toList();
  }
}
