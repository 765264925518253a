package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.LooseFiles;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LooseWalkTest {
  @TempDir Path directory;

  private GitRepository repository() {
    return GitRepository.bare(directory.resolve("r.git"), "-b", "main");
  }

  private static List<String> walk(GitRepository repository, int limit) throws IOException {
    ObjectDirectory opened = ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
    LooseWalk walk = new LooseWalk(opened, new Cancellation());
    List<String> ids = new ArrayList<>();
    try (LooseTable table = new LooseTable(opened.path(), opened.hash())) {
      boolean more = true;
      while (more) {
        more = walk.next(table, limit);
        assertThat(table.count()).isLessThanOrEqualTo(limit);
        for (long i = 0; i < table.count(); i++) {
          ids.add(table.idHex(i));
          assertThat(table.file(i)).isEqualTo(FileStamp.of(table.path(i)));
          assertThat(table.bytes(i)).isEqualTo(Files.size(table.path(i)));
        }
      }
    }
    return ids;
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "7", "100", "699", "700", "701", "100000"})
  void everyObjectComesOnceAndInOrderWhateverTheLimit(int limit) throws Exception {
    GitRepository repository = repository();
    Random random = new Random(11);
    for (int i = 0; i < 700; i++) {
      byte[] id = new byte[20];
      random.nextBytes(id);
      id[0] = (byte) (i % 3 == 0 ? 0xff : i % 5); // many in some, none in most
      LooseFiles.write(repository, HexFormat.of().formatHex(id), new byte[i % 10]);
    }

    assertThat(walk(repository, limit)).isEqualTo(LooseFiles.ids(repository)).hasSize(700);
  }

  @Test
  void whatIsNoObjectIsPassedOver() throws Exception {
    GitRepository repository = repository();
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("a".repeat(38)), "not ours");
    Files.createSymbolicLink(repository.objects().resolve("aa"), elsewhere);
    Path fanout = Files.createDirectory(repository.objects().resolve("bb"));
    Files.createSymbolicLink(fanout.resolve("a".repeat(38)), elsewhere.resolve("a".repeat(38)));
    Files.createDirectory(fanout.resolve("b".repeat(38)));
    Files.writeString(fanout.resolve("C".repeat(38)), "");
    Files.writeString(fanout.resolve("d".repeat(37)), "");
    Files.writeString(fanout.resolve("d".repeat(62)), "");
    Files.writeString(fanout.resolve("tmp_obj_123456"), "");
    Files.writeString(fanout.resolve("e".repeat(38)), "");
    Files.writeString(repository.objects().resolve("cc"), "no directory");

    assertThat(walk(repository, 100)).containsExactly("bb" + "e".repeat(38));
  }

  @Test
  void aRepositoryWithoutLooseObjectsHasNone() throws Exception {
    assertThat(walk(repository(), 100)).isEmpty();
  }
}
