package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationWatchTest {
  private static final FileTime LONG_AGO = FileTime.fromMillis(1_700_000_000_000L);

  @TempDir Path directory;

  private final ConfigurationWatch watch = new ConfigurationWatch();
  private Path file = Path.of("");

  @BeforeEach
  void write() throws IOException {
    file = write("repackd.conf", "jitter = 1m");
    watch.watch(List.of(file));
  }

  @Test
  void aFileThatIsNotTouchedHasNotChanged() {
    assertThat(watch.changed()).isFalse();
    assertThat(watch.changed()).isFalse();
  }

  @Test
  void aFileThatIsWrittenToHasChangedOnce() throws IOException {
    Files.writeString(file, "jitter = 2m");

    assertThat(watch.changed()).isTrue();
    assertThat(watch.changed()).isFalse();
  }

  @Test
  void aFileReplacedByOneOfTheSameSizeAndTimeHasChanged() throws IOException {
    Path other = write("other", "jitter = 9m");
    Files.move(other, file, StandardCopyOption.ATOMIC_MOVE);

    assertThat(watch.changed()).isTrue();
  }

  @Test
  void aLinkWhoseTargetIsReplacedHasChanged() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    watch.watch(List.of(link));
    Files.move(write("other", "jitter = 9m"), file, StandardCopyOption.ATOMIC_MOVE);

    assertThat(watch.changed()).isTrue();
  }

  @Test
  void aLinkToADirectoryThatIsSwungRoundHasChanged() throws IOException {
    Path first = write("first/repackd.conf", "jitter = 1m").getParent();
    Path second = write("second/repackd.conf", "jitter = 1m").getParent();
    Path link = Files.createSymbolicLink(directory.resolve("current"), first);
    watch.watch(List.of(link.resolve("repackd.conf")));
    Path next = Files.createSymbolicLink(directory.resolve("next"), second);
    Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);

    assertThat(watch.changed()).isTrue();
  }

  @Test
  void aFileThatGoesOrComesHasChanged() throws IOException {
    Files.delete(file);
    assertThat(watch.changed()).isTrue();
    assertThat(watch.changed()).isFalse();

    write("repackd.conf", "jitter = 1m");
    assertThat(watch.changed()).isTrue();
  }

  @Test
  void aFileThatAppearsInAWatchedDirectoryHasChangedIt() throws IOException {
    Path fragments = Files.createDirectory(directory.resolve("conf.d"));
    Files.setLastModifiedTime(fragments, LONG_AGO);
    watch.watch(List.of(fragments));

    Files.createFile(fragments.resolve("50-more.conf"));

    assertThat(watch.changed()).isTrue();
  }

  @Test
  void aChangeBetweenTheLastLookAndTheReadingIsNotLost() throws IOException {
    Files.writeString(file, "jitter = 200m");
    watch.watch(List.of(file));

    assertThat(watch.changed()).isTrue();
  }

  private Path write(String name, String text) throws IOException {
    Path path = directory.resolve(name);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    return Files.setLastModifiedTime(path, LONG_AGO);
  }
}
