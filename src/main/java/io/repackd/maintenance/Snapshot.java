package io.repackd.maintenance;

import io.repackd.maintenance.Evidence.SupersededIndex;
import io.repackd.objectdir.RepositoryTraits;
import io.repackd.platform.ProcessTable.Census;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a plan depends on besides the settings.
 *
 * @param taken when it was taken
 * @param traits the repository's own configuration
 * @param packs the packs that the multi-pack-index lists, and those that it does not list because they were repacked, ordered by name
 * @param indexFile the multi-pack-index
 * @param indexInode its inode number; whoever maps another by that path reads a superseded one
 * @param census the processes which have to do with the object directory
 * @param evidence what the kernel says of readers besides
 * @param packBytes {@code pack.packSizeLimit}: how large a new pack may be, in bytes; {@link #ANY_SIZE} if it does not matter
 */
public record Snapshot(
    Instant taken,
    RepositoryTraits traits,
    List<PackView> packs,
    Path indexFile,
    long indexInode,
    Census census,
    Evidence evidence,
    long packBytes) {
  /** New packs may be of any size. */
  public static final long ANY_SIZE = Long.MAX_VALUE;

  public Snapshot {
    packs = List.copyOf(packs);
  }

  Snapshot(
      Instant taken,
      RepositoryTraits traits,
      List<PackView> packs,
      Path indexFile,
      long indexInode,
      Census census,
      Evidence evidence) {
    this(taken, traits, packs, indexFile, indexInode, census, evidence, ANY_SIZE);
  }

  /** The same with the processes of another moment. */
  Snapshot with(Census newCensus, Evidence newEvidence) {
    return new Snapshot(
        taken, traits, packs, indexFile, indexInode, newCensus, newEvidence, packBytes);
  }

  /**
   * The same, now that the index was replaced by one that takes no more objects from unreferenced packs than it did itself: who
   * reads either of them is led to none of these.
   *
   * @param inode the inode number of the new index
   */
  Snapshot replacedBy(long inode) {
    Map<String, Instant> unreferenced = new HashMap<>();
    for (PackView view : packs) {
      view.unreferencedSince().ifPresent(since -> unreferenced.put(view.pack().indexName(), since));
    }
    Evidence after = evidence.with(new SupersededIndex(indexInode, FileUsers.UNSEEN, unreferenced));
    return new Snapshot(taken, traits, packs, indexFile, inode, census, after, packBytes);
  }

  /** The same with other packs. */
  Snapshot with(List<PackView> newPacks) {
    return new Snapshot(
        taken, traits, newPacks, indexFile, indexInode, census, evidence, packBytes);
  }

  /** The same where new packs may be no larger than so many bytes. */
  Snapshot limited(long bytes) {
    return new Snapshot(taken, traits, packs, indexFile, indexInode, census, evidence, bytes);
  }
}
