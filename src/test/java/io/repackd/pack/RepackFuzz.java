package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A pack that is written anew: what was readable in it is readable in what comes of it, and is the same. Bit 3: with a search for
 * deltas; bit 4: in several packs.
 */
public final class RepackFuzz implements FuzzTarget {
  private static final DeltaSearchSettings SEARCH =
      new DeltaSearchSettings(10, 50, 1 << 20, 1, 1 << 20);

  private static final long SMALL_PACK_BYTES = 600;

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    Cancellation cancellation = new Cancellation();
    try (Arena arena = Arena.ofShared();
        FileChannel scratch = create(directory.resolve("scratch"))) {
      PackFile pack = FuzzedPack.open(input, directory, arena);
      PositionSet all = new PositionSet(arena, pack.index().count());
      for (long i = 0; i < pack.index().count(); i++) {
        all.add(i);
      }
      List<PackSource.Packed> sources = List.of(new PackSource.Packed(pack, all, input.flag(3)));
      PackWriter.Search search = new PackWriter.Search(SEARCH, scratch);
      try (PackWriter writer =
          input.flag(3)
              ? new PackWriter(sources, HashAlgorithm.SHA1, 1, search, cancellation)
              : new PackWriter(sources, HashAlgorithm.SHA1, 1, cancellation)) {
        List<NewPack> packs =
            input.flag(4) ? writer.inPacksOf(SMALL_PACK_BYTES) : List.of(writer.inOnePack());
        List<PackFile> written = new ArrayList<>();
        for (NewPack next : packs) {
          written.add(write(next, directory.resolve("new-" + written.size()), arena));
        }
        compare(pack, written);
      }
    }
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  private static PackFile write(NewPack pack, Path stem, Arena arena) throws IOException {
    Path data = stem.resolveSibling(stem.getFileName() + ".pack");
    Path index = stem.resolveSibling(stem.getFileName() + ".idx");
    try (FileChannel channel = create(data);
        FileChannel indexChannel = create(index);
        FileChannel reverse = create(stem.resolveSibling(stem.getFileName() + ".rev"))) {
      pack.writePack(channel);
      pack.writeIndex(indexChannel);
      pack.writeReverseIndex(reverse);
    }
    PackFile file = PackFile.open(data, index, HashAlgorithm.SHA1, arena);
    PackVerification.verify(file, new Cancellation());
    return file;
  }

  private static void compare(PackFile before, List<PackFile> after) throws IOException {
    long objects = 0;
    try (DeltaChain chain = new DeltaChain()) {
      for (PackFile pack : after) {
        objects += pack.index().count();
        for (long i = 0; i < pack.index().count(); i++) {
          long old = before.index().find(pack.index().ids(), pack.index().idOffset(i));
          assertThat(old).isNotNegative();
          boolean twice =
              old + 1 < before.index().count()
                  && before.index().idHex(old).equals(before.index().idHex(old + 1));
          if (!twice && readable(before, old)) {
            assertThat(chain.id(pack, pack.index().packOffset(i)))
                .isEqualTo(chain.id(before, before.index().packOffset(old)));
          }
        }
      }
    }
    assertThat(objects).isEqualTo(different(before.index()));
  }

  private static boolean readable(PackFile pack, long position) throws CorruptFileException {
    try (DeltaChain chain = new DeltaChain()) {
      byte[] _ = chain.id(pack, pack.index().packOffset(position));
      return true;
    } catch (CorruptFileException e) {
      return false;
    }
  }

  private static long different(PackIndex index) {
    long different = 0;
    for (long i = 0; i < index.count(); i++) {
      different += i == 0 || !index.idHex(i).equals(index.idHex(i - 1)) ? 1 : 0;
    }
    return different;
  }
}
