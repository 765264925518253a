package io.repackd.midx;

import io.repackd.objectdir.BigEndian;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.ObjectIds;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Checks a multi-pack-index against its own checksum and against the packs it lists: that each is there, and belongs to its
 * index; that the ids ascend; and that each object begins in its owner where the owner's index says.
 *
 * <p>The index of each pack is walked beside the multi-pack-index, both in the order of ids, rather than searched for each
 * object; the 256 first bytes go to all cores.
 */
public final class MultiPackIndexVerifier {
  /** Beyond these, further faults say nothing new. */
  private static final int MAX_FAULTS = 20;

  private final MultiPackIndex index;
  private final Path packDirectory;
  private final Cancellation cancellation;
  private final List<Fault> faults = new ArrayList<>();

  private MultiPackIndexVerifier(
      MultiPackIndex index, Path packDirectory, Cancellation cancellation) {
    this.index = index;
    this.packDirectory = packDirectory;
    this.cancellation = cancellation;
  }

  /**
   * Verifies an index.
   *
   * @param packDirectory where its packs lie
   * @return what is wrong, at most 20 faults; empty if nothing is
   */
  public static List<Fault> verify(
      MultiPackIndex index, Path packDirectory, Cancellation cancellation) {
    MultiPackIndexVerifier verifier =
        new MultiPackIndexVerifier(index, packDirectory, cancellation);
    verifier.verify();
    return List.copyOf(verifier.faults);
  }

  private void verify() {
    if (!index.checksumMatches()) {
      add(indexWrong("its trailing checksum does not match its content"));
    }
    try (Arena arena = Arena.ofShared()) {
      @Nullable PackIndex[] packs = new @Nullable PackIndex[index.packNames().size()];
      for (int i = 0; i < packs.length; i++) {
        cancellation.check();
        openPack(packs, i, arena);
      }
      IntStream.range(0, PackIndex.FANOUT_ENTRIES)
          .parallel()
          .forEach(firstByte -> new Portion(packs).verify(firstByte));
    }
  }

  private void openPack(@Nullable PackIndex[] packs, int number, Arena arena) {
    Path path = packDirectory.resolve(index.packNames().get(number));
    String name = String.valueOf(path.getFileName());
    Path data = path.resolveSibling(name.substring(0, name.length() - ".idx".length()) + ".pack");
    try {
      PackIndex pack = PackIndex.open(path, index.hash(), arena);
      PackFile.check(data, pack);
      packs[number] = pack;
    } catch (CorruptFileException e) {
      add(new Fault(Fault.Kind.PACK_WRONG, e.getMessage()));
    } catch (IOException e) {
      boolean gone = !Files.exists(path) || !Files.exists(data);
      add(
          new Fault(
              gone ? Fault.Kind.PACK_GONE : Fault.Kind.PACK_WRONG,
              "%s lists pack %d, and %s".formatted(index.path(), number, e.getMessage())));
    }
  }

  private Fault indexWrong(String what) {
    return new Fault(
        Fault.Kind.INDEX_WRONG, "multi-pack-index %s: %s".formatted(index.path(), what));
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
    private final long[] cursors;

    Portion(@Nullable PackIndex[] packs) {
      this.packs = packs;
      this.cursors = new long[packs.length];
    }

    void verify(int firstByte) {
      for (int i = 0; i < packs.length; i++) {
        PackIndex pack = packs[i];
        // A pack that could not be opened has been reported.
        cursors[i] = pack == null ? 0 : pack.firstPosition(firstByte);
      }
      long start = index.firstPosition(firstByte);
      long end = index.fanout(firstByte);
      for (long position = start; position < end; position++) {
        if ((position & CHECK_INTERVAL_MASK) == 0) {
          cancellation.check();
        }
        if (enough()) {
          return;
        }
        if (BigEndian.uint8(index.ids(), index.idOffset(position)) != firstByte) {
          add(
              indexWrong(
                  "object %d, %s, is where ids begin with %02x"
                      .formatted(position, index.idHex(position), firstByte)));
          return;
        }
        if (position > 0 && !follows(position)) {
          add(
              indexWrong(
                  "object %d, %s, is out of order".formatted(position, index.idHex(position))));
          return;
        }
        try {
          verifyOwner(position, firstByte);
        } catch (CorruptFileException e) {
          boolean own = e.file().equals(index.path());
          add(new Fault(own ? Fault.Kind.INDEX_WRONG : Fault.Kind.PACK_WRONG, e.getMessage()));
        }
      }
    }

    private boolean follows(long position) {
      return ObjectIds.compare(
              index.ids(),
              index.idOffset(position - 1),
              index.ids(),
              index.idOffset(position),
              index.hash().length())
          < 0;
    }

    private void verifyOwner(long position, int firstByte) throws CorruptFileException {
      int number = index.packOf(position);
      PackIndex pack = packs[number];
      if (pack == null) {
        return;
      }
      long offset = index.packOffset(position);
      long end = pack.fanout(firstByte);
      long cursor = cursors[number];
      while (cursor < end && compare(pack, cursor, position) < 0) {
        cursor++;
      }
      cursors[number] = cursor;
      if (cursor == end || compare(pack, cursor, position) != 0) {
        add(
            indexWrong(
                "object %s is said to be in %s, and is not"
                    .formatted(index.idHex(position), pack.path())));
        return;
      }
      // A pack may hold an object twice, and its index lists both.
      for (long i = cursor; i < end && compare(pack, i, position) == 0; i++) {
        if (pack.packOffset(i) == offset) {
          return;
        }
      }
      add(
          indexWrong(
              "object %s is said to begin at %d of %s, and begins at %d"
                  .formatted(index.idHex(position), offset, pack.path(), pack.packOffset(cursor))));
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
