package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.ObjectIds;
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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Checks a multi-pack-index: its structure and its own checksum; the order of what has an order; that each pack it lists is there
 * and belongs to its index; that each object begins in its owner where the owner's index says; and, if that is asked for, that
 * every pack is sound from end to end.
 *
 * <p>The index of each pack is walked beside the multi-pack-index, both in the order of ids, rather than searched for each
 * object. The 256 first bytes go to all cores, and beside them goes the checksum of the whole file.
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
      // The checksum takes longest, so it is begun first.
      IntStream.range(-1, PackIndex.FANOUT_ENTRIES)
          .parallel()
          .forEach(i -> {
            if (i < 0) {
              verifyChecksum();
            } else {
              new Portion(packs, i).verify();
            }
          });
      if (faults.isEmpty()) {
        BitmapOrder.check(index, cancellation).ifPresent(this::add);
      }
      if (level == Level.PACKS) {
        IntStream.range(0, packs.length).parallel().forEach(i -> verifyPack(i, packs[i]));
      }
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

  /** The objects whose ids begin with one byte. */
  private final class Portion {
    private static final int CHECK_INTERVAL_MASK = 0xffff;

    private final @Nullable PackIndex[] packs;
    private final int firstByte;
    private final long[] cursors;
    private final long[] ends;

    Portion(@Nullable PackIndex[] packs, int firstByte) {
      this.packs = packs;
      this.firstByte = firstByte;
      this.cursors = new long[packs.length];
      this.ends = new long[packs.length];
    }

    void verify() {
      for (int i = 0; i < packs.length; i++) {
        PackIndex pack = packs[i];
        if (pack != null) {
          cursors[i] = pack.firstPosition(firstByte);
          ends[i] = pack.fanout(firstByte);
        }
      }
      long start = index.firstPosition(firstByte);
      long end = index.fanout(firstByte);
      for (long position = start; position < end; position++) {
        if ((position & CHECK_INTERVAL_MASK) == 0) {
          cancellation.check();
          if (enough()) {
            return;
          }
        }
        if (!verifyPlace(position)) {
          return;
        }
        try {
          verifyOwner(position);
        } catch (MalformedIndexException e) {
          add(new Fault(e.type(), e.file(), e.getMessage()));
        } catch (CorruptFileException e) {
          add(new Fault(Fault.Type.PACK_INDEX, e.file(), e.getMessage()));
        }
      }
    }

    /** Whether an id is where it belongs. What comes after one that is not cannot be found. */
    private boolean verifyPlace(long position) {
      long at = index.idOffset(position);
      if (BigEndian.uint8(index.ids(), at) != firstByte) {
        addOwn(
            Fault.Type.OBJECT_ORDER,
            "object %d, %s, is where ids begin with %02x"
                .formatted(position, index.idHex(position), firstByte));
        return false;
      }
      int length = index.hash().length();
      if (position > 0
          && ObjectIds.compare(index.ids(), at - length, index.ids(), at, length) >= 0) {
        addOwn(
            Fault.Type.OBJECT_ORDER,
            "object %d, %s, is out of order".formatted(position, index.idHex(position)));
        return false;
      }
      return true;
    }

    private void verifyOwner(long position) throws CorruptFileException {
      int number = index.packOf(position);
      long offset = index.packOffset(position);
      PackIndex pack = packs[number];
      if (pack == null) {
        return; // not to be looked at, or reported already
      }
      long end = ends[number];
      long cursor = cursors[number];
      int order = -1;
      while (cursor < end && (order = compare(pack, cursor, position)) < 0) {
        cursor++;
      }
      cursors[number] = cursor;
      if (cursor == end || order != 0) {
        addOwn(
            Fault.Type.OFFSET,
            "object %d, %s, is said to be in %s, and is not"
                .formatted(position, index.idHex(position), pack.path()));
        return;
      }
      // A pack may hold an object twice, and its index lists both.
      for (long i = cursor; i < end && (i == cursor || compare(pack, i, position) == 0); i++) {
        if (pack.packOffset(i) == offset) {
          return;
        }
      }
      addOwn(
          Fault.Type.OFFSET,
          "object %d, %s, is said to begin at %d of %s, and begins at %d"
              .formatted(
                  position, index.idHex(position), offset, pack.path(), pack.packOffset(cursor)));
    }

    private int compare(PackIndex pack, long cursor, long position) {
      return ObjectIds.compare(
          pack.file(),
          pack.idOffset(cursor),
          index.ids(),
          index.idOffset(position),
          index.hash().length());
    }
  }
}
