package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

/** An index of a pack, of either version. Bit 0: the checksum is right; bit 1: SHA-256. */
public final class PackIndexFuzz implements FuzzTarget {
  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    HashAlgorithm hash = input.flag(1) ? HashAlgorithm.SHA256 : HashAlgorithm.SHA1;
    byte[] file = input.flag(0) ? FuzzInput.withTrailer(input.rest(), hash) : input.rest();
    Path path = Files.write(directory.resolve("pack-1.idx"), file);
    try (Arena arena = Arena.ofShared()) {
      PackIndex index = PackIndex.open(path, hash, arena);
      boolean _ = index.reachesBeyond32Bits();
      try {
        PackVerification.verify(index, new Cancellation());
      } catch (CorruptFileException e) {
        walk(index, false); // whoever does not verify it comes to no harm
        throw e;
      }
      walk(index, true);
    }
  }

  private static void walk(PackIndex index, boolean sound) throws CorruptFileException {
    for (long position = 0; position < index.count(); position++) {
      long found = index.find(index.ids(), index.idOffset(position));
      long bound = index.lowerBound(index.key(position));
      if (sound) {
        assertThat(found).isBetween(0L, position);
        assertThat(index.idHex(found)).isEqualTo(index.idHex(position));
        assertThat(bound).isLessThanOrEqualTo(position);
      }
      int _ = index.hasCrc32() ? index.crc32(position) : 0;
      assertThat(index.packOffset(position)).isNotNegative();
    }
  }
}
