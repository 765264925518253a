package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.repackd.platform.ProcessStamp;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockFileTest {
  @TempDir Path directory;

  private LockFile acquire() throws IOException {
    return LockFile.acquire(directory.resolve("maintenance"), true);
  }

  private Path lock() {
    return directory.resolve("maintenance.lock");
  }

  @Test
  void whoHoldsItIsWrittenInItAndBesideIt() throws Exception {
    try (LockFile held = acquire()) {
      assertThat(held.stillHeld()).isTrue();
      assertThat(LockFile.owner(Files.readString(lock()))).contains(ProcessStamp.own());
      assertThat(directory.resolve("maintenance~pid.lock"))
          .hasContent("pid " + ProcessHandle.current().pid() + "\n");
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void itCannotBeTakenTwice() throws Exception {
    try (LockFile held = acquire()) {
      assertThat(held.stillHeld()).isTrue();
      assertThatThrownBy(this::acquire)
          .isInstanceOf(LockedException.class)
          .hasMessageContaining(lock().toString())
          .hasMessageContaining("repackd " + ProcessHandle.current().pid());
    }
  }

  @Test
  void gitsLockIsNeverBroken() throws Exception {
    Files.createFile(lock());
    assertThatThrownBy(this::acquire).isInstanceOf(LockedException.class);
    Files.writeString(directory.resolve("maintenance~pid.lock"), "pid 999999\n");
    assertThatThrownBy(this::acquire).hasMessageContaining("process 999999");
    assertThat(lock()).exists();
  }

  @Test
  void aLockOfADeadProcessIsBroken() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp dead =
        new ProcessStamp(
            own.host(),
            own.bootId(),
            own.pidNamespace(),
            own.pid(),
            own.startTicks() - 1,
            own.machine());
    Files.writeString(lock(), dead.render() + "\n");
    try (LockFile held = acquire()) {
      assertThat(held.stillHeld()).isTrue();
    }
  }

  @Test
  void aLockOfAnotherHostIsLeftAlone() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp elsewhere =
        new ProcessStamp("elsewhere", "another-boot", own.pidNamespace(), 1, 1, own.machine());
    Files.writeString(lock(), elsewhere.render() + "\n");
    assertThatThrownBy(this::acquire)
        .isInstanceOf(LockedException.class)
        .hasMessageContaining("repackd 1 on elsewhere");
  }

  @Test
  void aLockThatSomebodyReplacedIsNotRemoved() throws Exception {
    try (LockFile held = acquire()) {
      Files.delete(lock());
      Files.writeString(lock(), "another's");
      assertThat(held.stillHeld()).isFalse();
    }
    assertThat(lock()).hasContent("another's");
  }

  @Test
  void aSymbolicLinkInThePlaceOfTheCompanionIsNotFollowed() throws Exception {
    Path precious = Files.writeString(directory.resolve("precious"), "precious");
    Path companion = directory.resolve("maintenance~pid.lock");
    Files.createSymbolicLink(companion, precious);
    try (LockFile held = acquire()) {
      assertThat(held.stillHeld()).isTrue();
      assertThat(companion)
          .isRegularFile()
          .isReadable()
          .hasContent("pid " + ProcessHandle.current().pid() + "\n");
    }
    assertThat(precious).hasContent("precious");
  }

  @Test
  void aLockThatCannotBeAnnouncedIsNotKept() throws Exception {
    Files.createDirectories(directory.resolve("maintenance~pid.lock/something"));
    assertThatThrownBy(this::acquire).hasMessageContaining("maintenance~pid.lock");
    assertThat(lock()).doesNotExist();
  }

  @Test
  void whatTheDeadDidNotComeToWriteGoesAndNothingElse() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp dead =
        new ProcessStamp(
            own.host(),
            own.bootId(),
            own.pidNamespace(),
            own.pid(),
            own.startTicks() - 1,
            own.machine());
    ProcessStamp alive =
        ProcessStamp.parse(
                own.render()
                    .replace("repackd " + own.pid(), "repackd " + parent())
                    .replace("start=" + own.startTicks(), "start=" + ticksOf(parent())))
            .orElseThrow();
    String digits = "0123456789abcdef";
    Path empty = Files.createFile(directory.resolve("tmp_lock_" + dead.token() + digits));
    Path companion = directory.resolve("tmp_lock_" + dead.token() + "f" + digits.substring(1));
    Files.writeString(companion, "pid 1\n");
    Path livesOn = Files.createFile(directory.resolve("tmp_lock_" + alive.token() + digits));
    Path foreign = Files.createFile(directory.resolve("tmp_lock_of_somebody"));
    assertThat(LockFile.removeAbandoned(directory)).isEqualTo(2);
    assertThat(List.of(empty, companion)).allSatisfy(file -> assertThat(file).doesNotExist());
    assertThat(List.of(livesOn, foreign)).allSatisfy(file -> assertThat(file).exists());
  }

  private static long parent() {
    return ProcessHandle.current().parent().orElseThrow().pid();
  }

  /** Field 22, counted after the name, which may have blanks in it. */
  private static long ticksOf(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19]);
  }

  @Test
  void ofManyWhoFindADeadLockOnlyOneGetsIt() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp dead =
        new ProcessStamp(own.host(), own.bootId(), own.pidNamespace(), own.pid(), 1, "");
    for (int round = 0; round < 50; round++) {
      Files.writeString(lock(), dead.render() + "\n");
      AtomicInteger holders = new AtomicInteger();
      IntStream.range(0, 8).parallel().forEach(_ -> tryToAcquire(holders));
      assertThat(holders).hasValueLessThanOrEqualTo(1);
      Files.deleteIfExists(lock());
      Files.deleteIfExists(directory.resolve("maintenance~pid.lock"));
    }
  }

  private void tryToAcquire(AtomicInteger holders) {
    try {
      assertThat(acquire().stillHeld()).isTrue();
      holders.incrementAndGet();
    } catch (IOException e) {
      // somebody else was faster
    }
  }

  /** Takes a lock and keeps it until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] arguments) throws Exception {
      LockFile held = LockFile.acquire(Path.of(arguments[0]), true);
      System.out.println(held.file());
      System.out.flush();
      if (System.in.read() < 0) {
        Runtime.getRuntime().halt(0);
      }
    }
  }

  @Test
  void theLockOfAContainerIsBrokenOnceNobodyHasItOpen() throws Exception {
    Process holder =
        new ProcessBuilder(
                "unshare",
                "--pid",
                "--fork",
                "--mount-proc",
                "--kill-child",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                directory.resolve("maintenance").toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader said = holder.inputReader()) {
      assumeTrue(lock().toString().equals(said.readLine()), "no pid namespace can be made here");
      String content = Files.readString(lock());
      assertThat(LockFile.owner(content).orElseThrow().isHere()).isFalse();
      assertThatThrownBy(this::acquire).isInstanceOf(LockedException.class);
      assertThat(holder.children().allMatch(ProcessHandle::destroyForcibly)).isTrue();
      holder.waitFor(); // ends when the other has
      assertThat(lock()).hasContent(content);
      try (LockFile held = acquire()) {
        assertThat(held.stillHeld()).isTrue();
      }
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aLockThatDoesNotSayThatItIsKeptOpenIsNotBroken() throws Exception {
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp inAContainer =
        new ProcessStamp(own.host(), own.bootId(), "pid:[1]", own.pid(), 1, "");
    Files.writeString(lock(), inAContainer.render() + "\n");
    assertThatThrownBy(this::acquire).isInstanceOf(LockedException.class);
    assertThat(lock()).exists();
  }
}
