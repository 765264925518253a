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
import java.util.ArrayList;
import java.util.Comparator;
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

  /** Beyond these, further faults say nothing new. */
  private static final int MAX_FAULTS = 20;

  /** How many objects are checked in one go, to lie in the cache meanwhile. */
  private static final long MAX_PORTION = 1L << 17;

  private final MultiPackIndex index;
  private final Path packDirectory;
  private final Level level;
  private final Cancellation cancellation;
  private final List<Fault> faults = new ArrayList<>();

  private MultiPackIndexVerifier(MultiPackIndex index, Level level, Cancellation cancellation) {
    this.index = index;
    this.packDirectory = index.path().toAbsolutePath().resolveSibling("");
    this.level = level;
    this.cancellation = cancellation;
  }

  /**
   * Verifies the index of a pack directory.
   *
   * @param file the {@code multi-pack-index}; its packs lie beside it
   * @return what is wrong, at most 20 faults; empty if nothing is
   * @throws UnsupportedIndexException if it is of a kind that is left alone
   * @throws IOException if it cannot be read; the message names it
   */
  public static List<Fault> verify(
      Path file, HashAlgorithm hash, Level level, Cancellation cancellation) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(file, hash, arena);
      MultiPackIndexVerifier verifier = new MultiPackIndexVerifier(index, level, cancellation);
      verifier.verify();
      return verifier.faults.stream().sorted(Comparator.comparing(Fault::type)).toList();
    } catch (MalformedIndexException e) {
      return List.of(new Fault(e.type(), e.file(), e.getMessage()));
    }
  }

  private void verify() {
    if (index.objects() == 0) {
      addOwn(Fault.Type.NO_OBJECTS, "it has no object");
    }
    try (Arena arena = Arena.ofShared()) {
      @Nullable PackIndex[] packs = new @Nullable PackIndex[index.packNames().size()];
      if (level != Level.STRUCTURE) {
        IntStream.range(0, packs.length).parallel().forEach(i -> packs[i] = openPack(i, arena));
      }
      verifyObjects(packs);
      if (faults.isEmpty()) {
        BitmapOrder.check(index, cancellation).ifPresent(this::add);
      }
      if (level == Level.PACKS) {
        IntStream.range(0, packs.length).parallel().forEach(i -> verifyPack(i, packs[i]));
      }
    }
  }

  private void verifyObjects(@Nullable PackIndex[] packs) {
    List<IdRange> ranges;
    try {
      ranges = IdRange.divide(List.of(index), MAX_PORTION);
    } catch (CorruptFileException e) {
      add(new Fault(Fault.Type.OBJECT_ORDER, index.path(), e.getMessage()));
      return;
    }
    long most = ranges.stream().mapToLong(range -> range.count(index)).max().orElse(0);
    try (Arena arena = Arena.ofShared()) {
      Queue<Room> rooms = new ConcurrentLinkedQueue<>();
      // The checksum takes longest, so it is begun first.
      IntStream.range(-1, ranges.size())
          .parallel()
          .forEach(i -> {
            cancellation.check();
            if (i < 0) {
              verifyChecksum();
            } else if (!enough()) {
              Room room = Objects.requireNonNullElseGet(rooms.poll(), () -> new Room(most, arena));
              new Portion(ranges.get(i), room).verify(packs);
              rooms.add(room);
            }
          });
    }
  }

  private void verifyChecksum() {
    if (!index.checksumMatches(cancellation)) {
      addOwn(Fault.Type.CHECKSUM, "its trailing checksum does not match its content");
    }
  }

  private @Nullable PackIndex openPack(int number, Arena arena) {
    cancellation.check();
    Path path = indexPath(number);
    Path pack = packPath(path);
    try {
      PackIndex opened = PackIndex.open(path, index.hash(), arena);
      PackFile.check(pack, opened);
      return opened;
    } catch (CorruptFileException e) {
      boolean inIndex = e.file().equals(path);
      add(
          new Fault(
              inIndex ? Fault.Type.PACK_INDEX : Fault.Type.PACK_FILE, e.file(), e.getMessage()));
    } catch (IOException e) {
      Path gone = Files.exists(path) ? pack : path;
      add(
          new Fault(
              Files.exists(gone) ? Fault.Type.PACK_FILE : Fault.Type.PACK_GONE,
              gone,
              "%s lists pack %d, and %s".formatted(index.path(), number, e.getMessage())));
    }
    return null;
  }

  private Path indexPath(int number) {
    return packDirectory.resolve(index.packNames().get(number));
  }

  private static Path packPath(Path indexPath) {
    String name = String.valueOf(indexPath.getFileName());
    return indexPath.resolveSibling(name.substring(0, name.length() - ".idx".length()) + ".pack");
  }

  private void verifyPack(int number, @Nullable PackIndex opened) {
    if (opened == null || enough()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      PackFile pack = PackFile.open(packPath(opened.path()), opened, arena);
      PackVerification.verify(pack, cancellation);
    } catch (CorruptFileException e) {
      add(new Fault(Fault.Type.PACK_CONTENT, e.file(), e.getMessage()));
    } catch (IOException e) {
      add(
          new Fault(
              Fault.Type.PACK_FILE,
              opened.path(),
              "%s lists pack %d, and %s".formatted(index.path(), number, e.getMessage())));
    }
  }

  private void addOwn(Fault.Type type, String what) {
    add(new Fault(type, index.path(), "corrupt file %s: %s".formatted(index.path(), what)));
  }

  private synchronized void add(Fault fault) {
    if (faults.size() < MAX_FAULTS) {
      faults.add(fault);
    }
  }

  private synchronized boolean enough() {
    return faults.size() == MAX_FAULTS;
  }

  /** Room for the objects of one range, put together by pack. Used for one range after another. */
  private final class Room {
    private final CopyTable copies;
    private final Bins packs;

    Room(long capacity, Arena arena) {
      copies = new CopyTable(index.hash().length(), capacity, arena);
      packs = new Bins(index.packNames().size(), arena);
    }
  }

  /**
   * The objects whose ids lie in one range. They are put together by pack, and then each pack's index is walked beside those
   * which it is said to have: thousands of packs are looked at one after the other, and not all at once.
   */
  private final class Portion {
    private final IdRange range;
    private final CopyTable copies;
    private final Bins owners;
    private final long start;
    private final long end;

    Portion(IdRange range, Room room) {
      this.range = range;
      this.copies = room.copies;
      this.owners = room.packs;
      this.start = range.start(index);
      this.end = start + range.count(index);
    }

    void verify(@Nullable PackIndex[] packs) {
      try {
        group();
        for (int number = 0; number < packs.length; number++) {
          PackIndex pack = packs[number];
          if (pack != null) { // otherwise not to be looked at, or reported already
            verifyOwner(pack, owners.start(number), owners.end(number));
          }
        }
      } catch (MalformedIndexException e) {
        add(new Fault(e.type(), e.file(), e.getMessage()));
      } catch (CorruptFileException e) {
        boolean own = e.file().equals(index.path());
        add(
            new Fault(
                own ? Fault.Type.OBJECT_ORDER : Fault.Type.PACK_INDEX, e.file(), e.getMessage()));
      }
    }

    /** Checks the order of the ids, and sorts the objects by pack. */
    private void group() throws CorruptFileException {
      OrderCheck order = new OrderCheck(index, start, false);
      owners.begin(index.packNames().size());
      for (long position = start; position < end; position++) {
        order.repeats(position, index.key(position));
        owners.add(index.packOf(position));
      }
      order.end(end);
      owners.allot();
      for (long position = start; position < end; position++) {
        copies.set(
            owners.next(index.packOf(position)),
            index.ids(),
            index.idOffset(position),
            (int) (position - start),
            index.packOffset(position));
      }
    }

    private void verifyOwner(PackIndex pack, long from, long to) throws CorruptFileException {
      long cursor = range.start(pack);
      long last = range.end(pack);
      for (long i = from; i < to; i++) {
        long key = copies.key(i);
        while (cursor < last && Long.compareUnsigned(pack.key(cursor), key) < 0) {
          cursor++;
        }
        while (cursor < last && compare(i, pack, cursor) > 0) {
          cursor++;
        }
        verifyOffset(i, pack, cursor, last);
      }
    }

    /** Checks an object's offset; if its pack has it, the cursor is at the first copy. */
    private void verifyOffset(long i, PackIndex pack, long cursor, long last)
        throws CorruptFileException {
      if (cursor >= last || compare(i, pack, cursor) != 0) {
        addOwn(
            Fault.Type.OFFSET,
            "object %s is said to be in %s, and is not".formatted(name(i), pack.path()));
        return;
      }
      long offset = copies.offset(i);
      // A pack may hold an object twice, and its index lists both.
      for (long at = cursor; at < last; at++) {
        if (pack.packOffset(at) == offset) {
          return;
        }
        if (at + 1 == last || compare(i, pack, at + 1) != 0) {
          break;
        }
      }
      addOwn(
          Fault.Type.OFFSET,
          "object %s is said to begin at %d of %s, and begins at %d"
              .formatted(name(i), offset, pack.path(), pack.packOffset(cursor)));
    }

    private String name(long i) {
      long position = start + copies.number(i);
      return "%d, %s,".formatted(position, index.idHex(position));
    }

    private int compare(long i, PackIndex pack, long cursor) {
      return copies.compareId(i, pack.file(), pack.idOffset(cursor));
    }
  }
}
