package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdOrderTest {
  @TempDir Path directory;

  private static final int PACKS = 1500;

  /** Blobs whose ids begin with the same byte and the same bits after it, so that they are sorted together. */
  private static List<byte[]> alike(int count) {
    List<byte[]> found = new ArrayList<>();
    for (int i = 0; found.size() < count; i++) {
      byte[] content = ("blob " + i).getBytes(StandardCharsets.UTF_8);
      byte[] id = TestPack.blobId(content);
      if (id[0] == 0x11 && id[1] == 0x22 && (id[2] & 0xf0) == 0x30) {
        found.add(content);
      }
    }
    found.sort((a, b) -> Arrays.compareUnsigned(TestPack.blobId(a), TestPack.blobId(b)));
    return found;
  }

  /** As in a repository where many have pushed what begins with the same files. */
  @Test
  void objectsOfWhichThereAreThousandsOfCopiesAreSortedToo() throws Exception {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"));
    List<byte[]> alike = alike(2);
    Path shared =
        TestPack.write(
            repository, TestPack.whole(3, alike.get(0)), TestPack.whole(3, alike.get(1)));
    try (Arena arena = Arena.ofShared()) {
      PackFile pack =
          PackFile.open(
              shared,
              Path.of(shared.toString().replaceFirst("\\.pack$", ".idx")),
              HashAlgorithm.SHA1,
              arena);
      List<PackSource.Packed> sources = new ArrayList<>();
      for (int i = 0; i < PACKS; i++) {
        PositionSet all = new PositionSet(arena, 2);
        all.add(0);
        all.add(1);
        sources.add(new PackSource.Packed(pack, all));
      }
      try (PackWriter writer =
          new PackWriter(sources, HashAlgorithm.SHA1, -1, new Cancellation())) {
        assertThat(writer.objects()).isEqualTo(2);
      }
    }
  }
}
