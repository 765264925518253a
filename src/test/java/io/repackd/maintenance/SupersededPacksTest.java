package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.objectdir.FileStamp;
import io.repackd.platform.BootClock.Moment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SupersededPacksTest {
  private static final SupersededPacks CLAIM =
      new SupersededPacks(
          new Moment("4e1c", Duration.ofMillis(86_400_250)),
          List.of("pack-1f2e", "pack-9a40"),
          List.of("pack-77ab"));

  @TempDir Path directory;

  @Test
  void whatIsWrittenCanBeReadBack() throws Exception {
    assertThat(CLAIM.render())
        .isEqualTo(
            "repackd 1\nboot=4e1c\nuptime=86400.250\n"
                + "pack pack-1f2e\npack pack-9a40\nrepacked pack-77ab\n");
    Path file = Files.writeString(directory.resolve("a.baddeltas"), CLAIM.render());
    assertThat(SupersededPacks.read(FileStamp.of(file))).contains(CLAIM);
    assertThat(CLAIM.all()).containsExactly("pack-1f2e", "pack-9a40", "pack-77ab");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "repackd 2\nboot=4e1c\nuptime=1\n",
        "repackd 1\nboot=\nuptime=1\n",
        "repackd 1\nuptime=1\nboot=4e1c\n",
        "repackd 1\nboot=4e1c\nuptime=-1\n",
        "repackd 1\nboot=4e1c\nuptime=1e99\n",
        "repackd 1\nboot=4e1c\nuptime=99999999999999999999\n",
        "repackd 1\nboot=4e1c\nuptime=1\nkeep pack-1\n",
        "repackd 1\nboot=4e1c\nuptime=1\npack pack-1",
        "written by git",
      })
  void whatOthersWriteSaysNothing(String content) throws Exception {
    Path file = Files.writeString(directory.resolve("a.baddeltas"), content);
    assertThat(SupersededPacks.read(FileStamp.of(file))).isEmpty();
  }

  @Test
  void noBytesWhateverMakeAReaderFail() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      byte[] bytes = CLAIM.render().getBytes(StandardCharsets.UTF_8);
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      Path file = Files.write(directory.resolve("a.baddeltas"), bytes);
      assertThat(SupersededPacks.read(FileStamp.of(file))).as("seed %d", seed).isNotNull();
    }
  }

  @Test
  void aFileThatHasGoneSaysNothing() throws Exception {
    Path file = Files.writeString(directory.resolve("a.baddeltas"), CLAIM.render());
    FileStamp stamp = FileStamp.of(file);
    Files.delete(file);
    assertThat(SupersededPacks.read(stamp)).isEmpty();
  }
}
