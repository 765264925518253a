package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A multi-pack-index beside the packs that it is for. It is walked, verified, and written anew with one pack more. Bit 0: the
 * checksum is right; bit 1: no pack is looked at.
 */
public final class MultiPackIndexFuzz implements FuzzTarget {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  /** Packs among the resources: the last is in no index. */
  static final List<String> PACKS = List.of("pack-a", "pack-b", "pack-c", "pack-d");

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    placePacks(directory);
    byte[] file = input.flag(0) ? FuzzInput.withTrailer(input.rest(), HASH) : input.rest();
    Path path = Files.write(directory.resolve("multi-pack-index"), file);
    Level level = input.flag(1) ? Level.STRUCTURE : Level.INDEXES;
    List<Fault> faults = verify(path, level);
    assertThat(faults)
        .allSatisfy(fault -> assertThat(fault.message()).contains(directory.toString()));
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(path, HASH, arena);
      walk(index, faults.isEmpty());
      Path written = directory.resolve("written");
      extend(index, written, directory, arena);
      if (faults.isEmpty()) {
        Path installed = directory.resolve("multi-pack-index");
        Files.write(installed, Files.readAllBytes(written));
        assertThat(verify(installed, level)).isEmpty();
      }
    }
    if (!faults.isEmpty()) {
      throw new IOException(faults.getFirst().message());
    }
  }

  private static List<Fault> verify(Path path, Level level) throws IOException {
    return MultiPackIndexVerifier.verify(path, HASH, level, new Cancellation());
  }

  private static void placePacks(Path directory) throws IOException {
    if (Files.exists(directory.resolve(PACKS.getLast() + ".idx"))) {
      return;
    }
    for (String pack : PACKS) {
      for (String extension : List.of(".pack", ".idx")) {
        try (InputStream in =
            Objects.requireNonNull(
                MultiPackIndexFuzz.class.getResourceAsStream("/fuzz/packs/" + pack + extension))) {
          Files.write(directory.resolve(pack + extension), in.readAllBytes());
        }
      }
    }
  }

  private static void walk(MultiPackIndex index, boolean sound) throws IOException {
    for (long position = 0; position < index.objects(); position++) {
      long found = index.find(index.ids(), index.idOffset(position));
      assertThat(index.packOf(position)).isBetween(0, index.packNames().size() - 1);
      assertThat(index.packOffset(position)).isNotNegative();
      if (sound) {
        assertThat(found).isEqualTo(position);
      }
    }
    OwnerCounts owners = index.countOwners();
    assertThat(index.packNames().stream().mapToLong(owners::of).sum()).isEqualTo(index.objects());
  }

  private static void extend(MultiPackIndex index, Path to, Path directory, Arena arena)
      throws IOException {
    String name = PACKS.getLast() + ".idx";
    Optional<MultiPackIndex> installed =
        index.packNames().contains(name) ? Optional.empty() : Optional.of(index);
    try (FileChannel channel =
        FileChannel.open(
            to,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      PackIndex added = PackIndex.open(directory.resolve(name), HASH, arena);
      new MultiPackIndexWriter(HASH, new Cancellation())
          .write(channel, installed, Set.of(), List.of(new IndexedPack(name, added, 1)));
    }
  }
}
