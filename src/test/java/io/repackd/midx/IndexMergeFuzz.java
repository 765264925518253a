package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Two indexes of packs, one after the other behind two bytes that say where the second begins. If a multi-pack-index is written from
 * them, it is sound as far as one can say who does not look at packs.
 */
public final class IndexMergeFuzz implements FuzzTarget {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    byte[] both = input.rest();
    int second = both.length < 2 ? 0 : (both[0] & 0xff) << 8 | both[1] & 0xff;
    int begins = Math.min(both.length, 2 + second);
    byte[] one = Arrays.copyOfRange(both, Math.min(2, both.length), begins);
    byte[] two = Arrays.copyOfRange(both, begins, both.length);
    Path index = directory.resolve("multi-pack-index");
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                index,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      long objects =
          new MultiPackIndexWriter(HASH, new Cancellation())
              .write(
                  channel,
                  Optional.empty(),
                  Set.of(),
                  List.of(
                      open("pack-1.idx", one, input.flag(0), directory, arena),
                      open("pack-2.idx", two, input.flag(0), directory, arena)))
              .objects();
      if (objects > 0) {
        assertThat(MultiPackIndexVerifier.verify(index, HASH, Level.STRUCTURE, new Cancellation()))
            .isEmpty();
      }
    }
  }

  private static IndexedPack open(
      String name, byte[] index, boolean preferred, Path directory, Arena arena)
      throws IOException {
    Path file = Files.write(directory.resolve(name), index);
    IndexedPack pack = new IndexedPack(name, PackIndex.open(file, HASH, arena), name.length());
    return preferred && name.equals("pack-1.idx") ? pack.asPreferred() : pack;
  }
}
