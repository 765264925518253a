package io.repackd.maintenance;

import io.repackd.objectdir.RepositoryTraits;
import io.repackd.platform.ProcessTable.Census;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * All that a plan depends on besides the settings.
 *
 * @param taken when it was taken
 * @param traits the repository's own configuration
 * @param packs the packs that the multi-pack-index lists, ordered by name
 * @param indexFile the multi-pack-index
 * @param indexInode its inode number; whoever maps another by that path reads a superseded one
 * @param census the processes which have to do with the object directory
 * @param evidence what the kernel says of readers besides
 */
public record Snapshot(
    Instant taken,
    RepositoryTraits traits,
    List<PackView> packs,
    Path indexFile,
    long indexInode,
    Census census,
    Evidence evidence) {
  public Snapshot {
    packs = List.copyOf(packs);
  }

  /** The same with the processes of another moment. */
  Snapshot with(Census newCensus, Evidence newEvidence) {
    return new Snapshot(taken, traits, packs, indexFile, indexInode, newCensus, newEvidence);
  }
}
