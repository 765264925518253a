package io.repackd.maintenance;

import io.repackd.platform.ProcessTable.Census;
import java.io.IOException;
import java.util.Optional;

/** On whose word packs are deleted: what {@link Expiry} asks before it replaces the index, and once more before it unlinks. */
interface Permission {
  /** The plan of a moment. A pack that it does not give up may not go. */
  CyclePlan plan(Snapshot snapshot);

  /**
   * Looks for a reason not to go on at all. Asked before the lock of the multi-pack-index is taken, and once more under it.
   *
   * @param census the processes of this moment
   * @return the reason, in words; empty if there is none
   * @throws StepFailure if it is one that trying again does not mend
   */
  Optional<String> obstacle(Census census) throws IOException, StepFailure;

  /** Is told of a pack which the plan gave up, and which stays because the proof failed. */
  void unproven(PackView pack, String uncoveredId) throws IOException;
}
