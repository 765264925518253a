package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MultiPackIndexWriterTest {
  private final Random random = new Random(20261120);

  @TempDir Path directory;

  private GitRepository repository(HashAlgorithm hash) {
    return GitRepository.bare(
        directory.resolve("r.git"), "--object-format=" + hash.gitName(), "-b", "main");
  }

  /** Writes an index beside the repository's own and gives its bytes. */
  private byte[] write(
      HashAlgorithm hash, Optional<Path> existing, Set<String> dropped, List<Path> added)
      throws IOException {
    return write(hash, existing, dropped, added, Optional.empty());
  }

  private byte[] write(
      HashAlgorithm hash,
      Optional<Path> existing,
      Set<String> dropped,
      List<Path> added,
      Optional<Path> preferred)
      throws IOException {
    Path output = directory.resolve("written");
    Files.deleteIfExists(output);
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                output,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      List<IndexedPack> packs = new ArrayList<>();
      for (Path pack : added) {
        Path index = Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
        IndexedPack opened =
            new IndexedPack(
                index.getFileName().toString(),
                PackIndex.open(index, hash, arena),
                Files.getLastModifiedTime(pack).toMillis() / 1000);
        packs.add(preferred.equals(Optional.of(pack)) ? opened.asPreferred() : opened);
      }
      Optional<MultiPackIndex> base = Optional.empty();
      if (existing.isPresent()) {
        base = Optional.of(MultiPackIndex.open(existing.get(), hash, arena));
      }
      MultiPackIndexWriter.Written written =
          new MultiPackIndexWriter(hash, new Cancellation()).write(channel, base, dropped, packs);
      assertThat(written.bytes()).isEqualTo(channel.size());
    }
    return Files.readAllBytes(output);
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void aFullWriteGivesTheBytesThatGitWrites(HashAlgorithm hash) throws Exception {
    GitRepository repository = repository(hash).fetches(5, random);
    repository.commits(20, random); // a pack that has none of the others' objects
    repository.git("repack", "-q", "--keep-unreachable"); // and one that repeats some
    repository.distinctTimes();
    repository.git("multi-pack-index", "write");

    assertThat(write(hash, Optional.empty(), Set.of(), repository.packFiles()))
        .isEqualTo(Files.readAllBytes(repository.index()));
  }

  /** Git puts offsets between the ids there. What no other pack has is copied in stretches. */
  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void anIndexOfVersionOneMayHaveMostOfTheObjects(HashAlgorithm hash) throws Exception {
    GitRepository repository = repository(hash).fetches(3, random);
    repository.git("repack", "-q", "-a", "-d", "--keep-unreachable");
    repository.fetches(2, random).distinctTimes();
    for (Path pack : repository.packFiles()) {
      Files.delete(Path.of(pack.toString().replaceFirst("\\.pack$", ".idx")));
      repository.git("index-pack", "--index-version=1", pack.toString());
    }
    repository.git("multi-pack-index", "write");

    assertThat(write(hash, Optional.empty(), Set.of(), repository.packFiles()))
        .isEqualTo(Files.readAllBytes(repository.index()));
  }

  @Test
  void theNewestPackOwnsAnObjectThatSeveralHave() throws Exception {
    GitRepository repository = overlapping(HashAlgorithm.SHA1);
    repository.git("multi-pack-index", "write");

    assertThat(write(HashAlgorithm.SHA1, Optional.empty(), Set.of(), repository.packFiles()))
        .isEqualTo(Files.readAllBytes(repository.index()));
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void aLaterWriteGivesTheBytesThatGitWritesUponItsOwnIndex(HashAlgorithm hash) throws Exception {
    GitRepository repository = repository(hash).fetches(3, random).distinctTimes();
    repository.git("multi-pack-index", "write");
    Path before = Files.copy(repository.index(), directory.resolve("before"));
    List<Path> listed = repository.packFiles();
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    repository.gitWithInput(
        all, "pack-objects", "-q", repository.packs().resolve("pack").toString());
    repository.fetches(2, random);
    List<Path> added = new ArrayList<>(repository.packFiles());
    added.removeAll(listed);
    // Older than what is listed, and owners all the same: they are new to the index.
    for (int i = 0; i < added.size(); i++) {
      GitRepository.setModified(added.get(i), java.time.Instant.ofEpochSecond(1_500_000_000L + i));
    }
    repository.git("multi-pack-index", "write");

    assertThat(write(hash, Optional.of(before), Set.of(), added))
        .isEqualTo(Files.readAllBytes(repository.index()));
  }

  /** A repository whose packs all have many objects of the others. */
  private GitRepository overlapping(HashAlgorithm hash) {
    GitRepository repository = repository(hash).fetches(4, random);
    String all = repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
    for (int part = 2; part < 5; part++) {
      int modulus = part;
      String some =
          String.join("\n", all.lines().filter(id -> id.hashCode() % modulus == 0).toList());
      repository.gitWithInput(
          some + "\n", "pack-objects", "-q", repository.packs().resolve("pack").toString());
    }
    return repository.distinctTimes();
  }

  @ParameterizedTest
  @EnumSource(HashAlgorithm.class)
  void aPreferredPackOwnsAllThatItHas(HashAlgorithm hash) throws Exception {
    GitRepository repository = overlapping(hash);
    for (Path preferred : repository.packFiles()) {
      Files.deleteIfExists(repository.index());
      repository.git("multi-pack-index", "write", "--preferred-pack=" + name(preferred));

      assertThat(
              write(
                  hash, Optional.empty(), Set.of(), repository.packFiles(), Optional.of(preferred)))
          .as("preferring %s", preferred)
          .isEqualTo(Files.readAllBytes(repository.index()));
    }
  }

  /** Git 2.39 crashes here, so it only judges what we write. */
  @Test
  void aPreferredPackTakesOverWhatOthersOwned() throws Exception {
    GitRepository repository = overlapping(HashAlgorithm.SHA1);
    repository.git("multi-pack-index", "write");
    Path before = Files.copy(repository.index(), directory.resolve("before"));
    Map<String, String> ownersBefore = owners(before);
    Path preferred = repository.packFiles().getFirst();
    String preferredIndex = name(preferred).replace(".pack", ".idx");

    byte[] written =
        write(
            HashAlgorithm.SHA1,
            Optional.of(before),
            Set.of(),
            List.of(preferred),
            Optional.of(preferred));

    Path after = Files.write(directory.resolve("after"), written);
    Map<String, String> expected = new HashMap<>(ownersBefore);
    repository.objectsIn(preferred).forEach(id -> expected.put(id, preferredIndex));
    assertThat(expected).isNotEqualTo(ownersBefore);
    assertThat(owners(after)).isEqualTo(expected);
    Files.copy(after, repository.index(), StandardCopyOption.REPLACE_EXISTING);
    repository.git("multi-pack-index", "verify");
    repository.git("fsck", "--full", "--strict");
  }

  private static Map<String, String> owners(Path file) throws IOException {
    Map<String, String> owners = new HashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(file, HashAlgorithm.SHA1, arena);
      for (long position = 0; position < index.objects(); position++) {
        owners.put(index.idHex(position), index.packNames().get(index.packOf(position)));
      }
    }
    return owners;
  }

  private static String name(Path pack) {
    return pack.getFileName().toString();
  }

  @Test
  void aDroppedPackIsListedNoMore() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(3, random).distinctTimes();
    repository.git("multi-pack-index", "write");
    Path before = Files.copy(repository.index(), directory.resolve("before"));
    repository.git("multi-pack-index", "repack");
    repository.git("multi-pack-index", "write");
    Path repacked = Files.copy(repository.index(), directory.resolve("repacked"));
    Set<String> unreferenced;
    try (Arena arena = Arena.ofConfined()) {
      unreferenced = Set.copyOf(MultiPackIndex.open(before, HashAlgorithm.SHA1, arena).packNames());
    }
    repository.git("multi-pack-index", "expire");

    assertThat(write(HashAlgorithm.SHA1, Optional.of(repacked), unreferenced, List.of()))
        .isEqualTo(Files.readAllBytes(repository.index()));
  }

  @Test
  void aPackThatOwnsObjectsCannotBeDropped() {
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(2, random);
    repository.git("multi-pack-index", "write");
    String owner =
        repository.packFiles().getFirst().getFileName().toString().replace(".pack", ".idx");

    assertThatThrownBy(() ->
            write(HashAlgorithm.SHA1, Optional.of(repository.index()), Set.of(owner), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot drop pack " + owner);
  }

  @Test
  void objectsBeyondFourGibibytesGetALargeOffset() throws Exception {
    GitRepository repository = repository(HashAlgorithm.SHA1).fetches(2, random).distinctTimes();
    Path pack = repository.packFiles().getFirst();
    Path index = Path.of(pack.toString().replaceFirst("\\.pack$", ".idx"));
    spreadOffsets(index);
    repository.git("multi-pack-index", "write");

    byte[] written = write(HashAlgorithm.SHA1, Optional.empty(), Set.of(), repository.packFiles());
    assertThat(written).isEqualTo(Files.readAllBytes(repository.index()));
    assertThat(new String(written, java.nio.charset.StandardCharsets.ISO_8859_1)).contains("LOFF");
  }

  /** Rewrites a version 2 index so that its objects seem to lie on both sides of 2^31 and 2^32. */
  private static void spreadOffsets(Path index) throws IOException {
    byte[] bytes = Files.readAllBytes(index);
    java.nio.ByteBuffer old = java.nio.ByteBuffer.wrap(bytes);
    int count = old.getInt(8 + 255 * 4);
    int offsets = 8 + 1024 + count * 24;
    int large = count / 2;
    java.nio.ByteBuffer changed = java.nio.ByteBuffer.allocate(bytes.length + large * 8);
    changed.put(bytes, 0, offsets);
    int next = 0;
    for (int i = 0; i < count; i++) {
      int offset = old.getInt(offsets + i * 4);
      changed.putInt(i % 2 == 0 || next == large ? offset : 0x80000000 | next++);
    }
    for (int i = 0; i < large; i++) {
      long[] places = {0x7fffffffL, 0x80000000L, 0xffffffffL, 0x100000000L, 0x7fffffffffL};
      changed.putLong(places[i % places.length] + i * 7L);
    }
    changed.put(bytes, bytes.length - 40, 40);
    Files.delete(index);
    Files.write(index, changed.array());
  }
}
