package io.repackd.midx;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.pack.PackVerification;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Checks a multi-pack-index: its structure and its own checksum; the order of what has an order; that each pack it lists is there
 * and belongs to its index; that each object begins in its owner where the owner's index says; and, if that is asked for, that
 * every pack is sound from end to end.
 *
 * <p>The index of each pack is walked beside the multi-pack-index, both in the order of ids, rather than searched for each
 * object. The ids are divided among all cores, and beside them goes the checksum of the whole file.
 */
public final class MultiPackIndexVerifier {
  /** How much is checked. Each level has all that the one before it has. */
  public enum Level {
    /** What the file says of itself. No pack is looked at. */
    STRUCTURE,
    /** That it agrees with the packs and their indexes. No object is read. */
    INDEXES,
    /** That every pack it lists is sound: both checksums of the pack and its index, and the CRC-32 of each object. */
    PACKS
  }

  private final MultiPackIndex index;
  private final Path packDirectory;
  private final Level level;
  private final Cancellation cancellation;
  private final Faults faults;

  private MultiPackIndexVerifier(MultiPackIndex index, Level level, Cancellation cancellation) {
    this.index = index;
    this.packDirectory = index.path().toAbsolutePath().resolveSibling("");
    this.level = level;
    this.cancellation = cancellation;
    this.faults = new Faults(index.path());
  }

  /**
   * Verifies the index of a pack directory.
   *
   * @param file the {@code multi-pack-index}; its packs lie beside it
   * @return what is wrong: 20 faults, if there are so many, and at least one of each type; empty if nothing is
   * @throws UnsupportedIndexException if it is of a kind that is left alone
   * @throws IOException if it cannot be read; the message names it
   */
  public static List<Fault> verify(
      Path file, HashAlgorithm hash, Level level, Cancellation cancellation) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(file, hash, arena);
      MultiPackIndexVerifier verifier = new MultiPackIndexVerifier(index, level, cancellation);
      verifier.verify();
      return verifier.faults.sorted();
    } catch (MalformedIndexException e) {
      return List.of(new Fault(e.type(), e.file(), e.getMessage()));
    }
  }

  private void verify() {
    if (index.objects() == 0) {
      faults.addOwn(Fault.Type.NO_OBJECTS, "it has no object");
    }
    try (Arena arena = Arena.ofShared()) {
      @Nullable ListedPack[] packs = new @Nullable ListedPack[index.packNames().size()];
      if (level != Level.STRUCTURE) {
        IntStream.range(0, packs.length).parallel().forEach(i -> packs[i] = openPack(i, arena));
      }
      verifyObjects(packs);
      if (faults.isEmpty()) {
        BitmapOrder.check(index, cancellation).ifPresent(faults::add);
      }
      if (level == Level.PACKS) {
        IntStream.range(0, packs.length).parallel().forEach(i -> verifyPack(i, packs[i]));
      }
    }
  }

  private void verifyObjects(@Nullable ListedPack[] packs) {
    List<IdRange> ranges = ranges();
    long most = ranges.stream().mapToLong(range -> range.count(index)).max().orElse(0);
    try (Arena arena = Arena.ofShared()) {
      Queue<PortionCheck.Room> rooms = new ConcurrentLinkedQueue<>();
      // The checksum takes longest, so it is begun first.
      IntStream.range(-1, ranges.size())
          .parallel()
          .forEach(i -> {
            cancellation.check();
            if (i < 0) {
              verifyChecksum();
            } else {
              PortionCheck.Room room =
                  Objects.requireNonNullElseGet(
                      rooms.poll(), () -> new PortionCheck.Room(index, most, arena));
              new PortionCheck(index, ranges.get(i), room, faults, cancellation).run(packs);
              rooms.add(room);
            }
          });
    }
  }

  private List<IdRange> ranges() {
    try {
      return IdRange.divide(List.of(index), PortionCheck.MAX_OBJECTS);
    } catch (CorruptFileException e) {
      faults.add(new Fault(Fault.Type.OBJECT_ORDER, index.path(), e.getMessage()));
      return List.of();
    }
  }

  private void verifyChecksum() {
    if (!index.checksumMatches(cancellation)) {
      faults.addOwn(Fault.Type.CHECKSUM, "its trailing checksum does not match its content");
    }
  }

  private @Nullable ListedPack openPack(int number, Arena arena) {
    cancellation.check();
    Path path = packDirectory.resolve(index.packNames().get(number));
    PackIndex opened = null;
    try {
      opened = PackIndex.open(path, index.hash(), arena);
      return ListedPack.of(opened);
    } catch (CorruptFileException e) {
      faults.add(new Fault(unreadable(opened), e.file(), e.getMessage()));
    } catch (IOException e) {
      Path file = opened == null ? path : ListedPack.fileOf(path);
      faults.add(
          new Fault(
              Files.exists(file) ? unreadable(opened) : Fault.Type.PACK_GONE,
              file,
              "%s lists pack %d, and %s".formatted(index.path(), number, e.getMessage())));
    }
    return null;
  }

  private static Fault.Type unreadable(@Nullable PackIndex opened) {
    return opened == null ? Fault.Type.PACK_INDEX : Fault.Type.PACK_FILE;
  }

  private void verifyPack(int number, @Nullable ListedPack listed) {
    if (listed == null || !faults.wants(Fault.Type.PACK_CONTENT)) {
      return;
    }
    try (Arena arena = Arena.ofShared()) {
      PackFile pack = PackFile.open(listed.file(), listed.index(), arena);
      PackVerification.verify(pack, cancellation);
    } catch (CorruptFileException e) {
      faults.add(new Fault(Fault.Type.PACK_CONTENT, e.file(), e.getMessage()));
    } catch (IOException e) {
      faults.add(
          new Fault(
              Fault.Type.PACK_FILE,
              listed.file(),
              "%s lists pack %d, and %s".formatted(index.path(), number, e.getMessage())));
    }
  }
}
