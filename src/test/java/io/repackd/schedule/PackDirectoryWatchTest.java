package io.repackd.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

@Timeout(180)
class PackDirectoryWatchTest {
  /** More than the JDK keeps of one directory. */
  private static final int MORE_THAN_IS_KEPT = 600;

  @TempDir Path root;

  private final BlockingQueue<Path> arrived = new LinkedBlockingQueue<>();
  private final List<PackDirectoryWatch> watches = new ArrayList<>();
  private final PackDirectoryWatch watch = closedAtTheEnd(new PackDirectoryWatch(arrived::add));
  private Path linux = Path.of("");
  private Path git = Path.of("");

  @BeforeEach
  void makeDirectories() throws IOException {
    linux = makeObjectDirectory("linux");
    git = makeObjectDirectory("git");
  }

  @AfterEach
  void close() {
    watches.forEach(PackDirectoryWatch::close);
  }

  @Test
  void whatIsNewlyWatchedIsReported() throws Exception {
    watch.update(List.of(linux, git));

    assertThat(List.of(take(), take())).containsExactlyInAnyOrder(linux, git);
    watch.update(List.of(linux, git));
    assertThat(arrived).isEmpty();
  }

  @Test
  void aPackIsReportedWithItsIndexAndNotBefore() throws Exception {
    watchBoth();

    Files.createFile(linux.resolve("pack/tmp_pack_1"));
    Files.createFile(linux.resolve("pack/pack-1.pack"));
    Files.createFile(linux.resolve("pack/pack-1.rev"));
    create(git, "pack-2.idx");
    assertThat(take()).isEqualTo(git);

    Path written = Files.createFile(linux.resolve("pack/tmp_idx_1"));
    Files.move(written, linux.resolve("pack/pack-1.idx"));
    assertThat(take()).isEqualTo(linux);
  }

  @Test
  void aDirectoryThatDoesNotExistYetIsWatchedWhenItIsThere() throws Exception {
    Path late = root.resolve("late/objects");
    watch.update(List.of(late));
    assertThat(arrived).isEmpty();

    makeObjectDirectory("late");
    watch.update(List.of(late));

    assertThat(take()).isEqualTo(late);
    create(late, "pack-1.idx");
    assertThat(take()).isEqualTo(late);
  }

  @Test
  void aDirectoryThatVanishesAndComesBackIsWatchedAgain() throws Exception {
    watchBoth();
    Files.delete(linux.resolve("pack"));
    watch.update(List.of(linux, git));
    Files.createDirectory(linux.resolve("pack"));
    watch.update(List.of(linux, git));

    assertThat(take()).isEqualTo(linux);
    create(linux, "pack-1.idx");
    assertThat(take()).isEqualTo(linux);
  }

  @Test
  void aDirectoryThatIsReplacedByAnotherIsWatchedInItsStead() throws Exception {
    watchBoth();
    Path away = Files.move(linux.resolve("pack"), root.resolve("away"));
    Files.createDirectory(linux.resolve("pack"));
    watch.update(List.of(linux, git));
    assertThat(take()).isEqualTo(linux);

    Files.createFile(away.resolve("pack-1.idx"));
    create(git, "pack-2.idx");
    assertThat(take()).isEqualTo(git);
    create(linux, "pack-3.idx");
    assertThat(take()).isEqualTo(linux);
  }

  @Test
  void whatIsTakenAwayIsNotReportedAnyMore() throws Exception {
    watchBoth();

    watch.update(List.of(git));

    create(linux, "pack-1.idx");
    create(git, "pack-2.idx");
    assertThat(take()).isEqualTo(git);
    assertThat(arrived).isEmpty();
  }

  @Test
  void aSymbolicLinkIsNotFollowed() throws Exception {
    Path linked = Files.createDirectories(root.resolve("linked/objects"));
    Files.createSymbolicLink(linked.resolve("pack"), linux.resolve("pack"));

    watch.update(List.of(linked));

    assertThat(arrived).isEmpty();
  }

  @Test
  void whenTheKernelReportsMoreThanIsKeptTheDirectoryIsReported() throws Exception {
    Semaphore entered = new Semaphore(0);
    Semaphore leave = new Semaphore(0);
    Path slow = makeObjectDirectory("slow");
    PackDirectoryWatch overrun =
        closedAtTheEnd(
            new PackDirectoryWatch(objectDirectory -> {
              arrived.add(objectDirectory);
              if (objectDirectory.equals(slow)) {
                entered.release();
                leave.acquireUninterruptibly();
              }
            }));
    leave.release();
    overrun.update(List.of(slow, linux));
    entered.acquire();
    arrived.clear();

    for (int attempt = 0; !arrived.contains(linux); attempt++) {
      // While the only thread is held up, more names that are of no interest come than are kept.
      create(slow, "pack-" + attempt + ".idx");
      entered.acquire();
      for (int i = 0; i < MORE_THAN_IS_KEPT; i++) {
        Files.createFile(linux.resolve("pack/tmp_" + attempt + "_" + i));
      }
      leave.release();
    }
  }

  @Test
  void whatAListenerThrowsIsNotTheEndOfTheWatch() throws Exception {
    PackDirectoryWatch broken =
        closedAtTheEnd(
            new PackDirectoryWatch(objectDirectory -> {
              arrived.add(objectDirectory);
              if (Files.exists(objectDirectory.resolve("pack/pack-1.idx"))) {
                throw new IllegalStateException("thrown by a test");
              }
            }));
    broken.update(List.of(linux));
    take();

    create(linux, "pack-1.idx");
    assertThat(take()).isEqualTo(linux);
    create(linux, "pack-2.idx");
    assertThat(take()).isEqualTo(linux);
  }

  @ParameterizedTest
  @CsvSource({
    "User limit of inotify watches reached, fs.inotify.max_user_watches",
    "User limit of inotify instances reached or too many open files, fs.inotify.max_user_instances"
  })
  void aLimitOfTheKernelIsSaidOnceWithItsRemedy(String reason, String sysctl) throws Exception {
    Path full = linux.resolve("pack");
    PackDirectoryWatch limited =
        closedAtTheEnd(
            new PackDirectoryWatch(
                arrived::add,
                (directory, service) -> {
                  if (directory.equals(full)) {
                    throw new IOException(reason);
                  }
                  return directory.register(service, StandardWatchEventKinds.ENTRY_CREATE);
                }));
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(PackDirectoryWatch.class);
    log.start();
    logger.addAppender(log);
    try {
      limited.update(List.of(linux, git));
      limited.update(List.of(linux, git));
    } finally {
      logger.detachAppender(log);
    }

    assertThat(log.list)
        .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.INFO))
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "cannot watch %s and perhaps others, which are looked at every aggregate.interval only: %s; raise the sysctl %s"
                .formatted(full, reason, sysctl));
    assertThat(take()).isEqualTo(git);
    create(git, "pack-1.idx");
    assertThat(take()).isEqualTo(git);
  }

  @Test
  void itsThreadEndsWithIt() throws Exception {
    PackDirectoryWatch other = new PackDirectoryWatch(arrived::add);
    List<Thread> before = threads();
    other.update(List.of(linux));
    List<Thread> own = threads().stream().filter(thread -> !before.contains(thread)).toList();
    assertThat(own).hasSize(1);

    other.close();

    await().until(() -> !own.getFirst().isAlive());
    other.update(List.of(git));
    assertThat(arrived).containsExactly(linux);
  }

  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("pack watch"))
        .toList();
  }

  private PackDirectoryWatch closedAtTheEnd(PackDirectoryWatch watch) {
    watches.add(watch);
    return watch;
  }

  private void watchBoth() throws InterruptedException {
    watch.update(List.of(linux, git));
    take();
    take();
  }

  private Path makeObjectDirectory(String name) throws IOException {
    Path objects = root.resolve(name).resolve("objects");
    Files.createDirectories(objects.resolve("pack"));
    return objects;
  }

  private static void create(Path objectDirectory, String name) throws IOException {
    Files.createFile(objectDirectory.resolve("pack").resolve(name));
  }

  private Path take() throws InterruptedException {
    Path taken = arrived.poll(120, TimeUnit.SECONDS);
    return taken == null ? Path.of("nothing came") : taken;
  }
}
