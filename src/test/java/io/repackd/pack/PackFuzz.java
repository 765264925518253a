package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/** The entries of a pack, each read in all ways, deltas and all; then the pack is verified. */
public final class PackFuzz implements FuzzTarget {
  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      PackFile pack = FuzzedPack.open(input, directory, arena);
      boolean readable = true;
      for (long position = 0; position < pack.index().count(); position++) {
        readable &= readable(pack, position);
      }
      copies(pack, 0); // by content
      copies(pack, pack.index().count()); // by checksum
      PackVerification.verify(pack, new Cancellation());
      if (!readable) {
        throw new CorruptFileException(pack.path(), "its checksums hold, and an entry does not");
      }
    }
  }

  private static boolean readable(PackFile pack, long position) throws CorruptFileException {
    long offset = pack.index().packOffset(position);
    try (DeltaChain chain = new DeltaChain();
        Arena arena = Arena.ofConfined()) {
      long _ = chain.largestBytes(pack, offset);
      long largest = chain.largestBytes(pack, offset);
      DeltaChain.Whole whole = chain.read(pack, offset, arena);
      assertThat(chain.bytes(pack, offset)).isEqualTo(whole.content().byteSize());
      assertThat(whole.content().byteSize()).isLessThanOrEqualTo(largest);
      assertThat(whole.type()).isBetween(1, 4);
      assertThat(chain.id(pack, offset)).isEqualTo(DeltaChain.id(whole, pack.index().hash()));
      return true;
    } catch (CorruptFileException e) {
      assertThat(e.file()).isEqualTo(pack.path());
      return false;
    }
  }

  private static void copies(PackFile pack, long wanted) throws CorruptFileException {
    try (PackedCopies copies = new PackedCopies(pack, wanted, new Cancellation())) {
      for (long position = 0; position < pack.index().count(); position++) {
        try {
          copies.check(position);
        } catch (CorruptFileException e) {
          assertThat(e.file()).isEqualTo(pack.path());
        }
      }
    }
  }
}
