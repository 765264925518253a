package io.repackd.maintenance;

import io.repackd.maintenance.Coverage.Cover;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackVerification;
import io.repackd.pack.PackedCopies;
import io.repackd.pack.PositionSet;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Reads the entries on which a proof of {@link Coverage} relies. The proof goes by indexes, and the disk had time to spoil what
 * they point to since it was written; then the copies that are about to be deleted are the only good ones.
 *
 * <p>A pack of which much is relied on is read in full, on all cores, and that is {@linkplain SoundPacks remembered}. Of others
 * those entries are read which are relied on, and what they build upon. Checksums are compared; where an index has none, the
 * objects are inflated and hashed.
 */
final class CoveringEntries {
  /** To read a pack from end to end takes about as long as to look for an eighth of its entries, one by one. */
  private static final int IN_FULL_FROM_EIGHTH = 8;

  /**
   * Packs of up to about a million objects are read several at a time, because part of the work on one is for one core: its index
   * is hashed, and its offsets are sorted. Larger ones come one by one, as each takes 16 bytes of memory for an object.
   */
  private static final long SMALL_INDEX_BYTES = 32L << 20;

  private final HashAlgorithm hash;
  private final SoundPacks sound;
  private final Cancellation cancellation;

  CoveringEntries(HashAlgorithm hash, SoundPacks sound, Cancellation cancellation) {
    this.hash = hash;
    this.sound = sound;
    this.cancellation = cancellation;
  }

  /** A pack of which only some entries are read. */
  private record Part(Cover cover, PackIndex index, PositionSet entries) {}

  /**
   * Checks what a proof relies on.
   *
   * @param coverage asked before for what is not covered
   * @param spared the packs for which it was asked
   * @throws CorruptFileException if something cannot be relied on; the message names the damaged pack and one that it covers
   */
  void check(Coverage coverage, List<PackView> spared, Instant now) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      Map<StoredPack, Part> parts = new ConcurrentHashMap<>();
      Map<Boolean, List<Cover>> covers =
          coverage.covers().stream()
              .collect(Collectors.partitioningBy(cover -> isSmall(cover.pack())));
      List<Cover> small = covers.getOrDefault(true, List.of());
      AllCores.forEach(small.size(), i -> checkInFull(small.get(i), arena, now, parts));
      for (Cover large : covers.getOrDefault(false, List.of())) {
        checkInFull(large, arena, now, parts);
      }
      if (!parts.isEmpty()) {
        select(coverage, spared, parts);
      }
      for (Part part : parts.values()) {
        try {
          check(part);
        } catch (CorruptFileException e) {
          throw damaged(e, part.cover());
        }
      }
    }
  }

  private static CorruptFileException damaged(CorruptFileException e, Cover cover) {
    return new CorruptFileException(
        e,
        "keeping %s and all that may have the only good copies of its objects"
            .formatted(cover.reliant().pack().data().path()));
  }

  private static boolean isSmall(StoredPack pack) {
    return pack.index().bytes() <= SMALL_INDEX_BYTES;
  }

  private void checkInFull(Cover cover, Arena arena, Instant now, Map<StoredPack, Part> parts)
      throws IOException {
    cancellation.check();
    try {
      StoredPack pack = cover.pack();
      SoundPacks.Candidate candidate = sound.candidate(pack, now);
      if (candidate.known()) {
        return;
      }
      PackIndex index = PackIndex.open(pack.index().path(), hash, arena);
      if (index.hasCrc32() && cover.objects() >= index.count() / IN_FULL_FROM_EIGHTH) {
        try (Arena own = Arena.ofShared()) {
          PackVerification.verifyEntries(
              PackFile.open(pack.data().path(), index, own), cancellation);
        }
        candidate.found();
      } else {
        parts.put(pack, new Part(cover, index, new PositionSet(arena, index.count())));
      }
    } catch (CorruptFileException e) {
      throw damaged(e, cover);
    }
  }

  private static void select(Coverage coverage, List<PackView> spared, Map<StoredPack, Part> parts)
      throws IOException {
    coverage.forEach(
        spared,
        (by, index, position) -> {
          Part part = parts.get(by);
          if (part != null) {
            long entry = part.index().find(index.file(), index.idOffset(position));
            if (entry < 0) {
              throw new CorruptFileException(
                  by.index().path(), "it has lost object " + index.idHex(position));
            }
            synchronized (part) {
              part.entries().add(entry);
            }
          }
        });
  }

  private void check(Part part) throws IOException {
    try (Arena own = Arena.ofConfined()) {
      PackedCopies.check(
          PackFile.open(part.cover().pack().data().path(), part.index(), own),
          part.entries(),
          cancellation);
    }
  }
}
