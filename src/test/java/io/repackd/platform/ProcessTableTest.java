package io.repackd.platform;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.list;

import io.repackd.platform.ProcessTable.Inode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessTableTest {
  @TempDir Path directory;

  private Optional<ProcessTable.Reader> find(Process process) throws IOException {
    return new ProcessTable()
        .census(Set.of(directory.toRealPath())).readers().stream()
            .filter(reader -> reader.pid() == process.pid())
            .findFirst();
  }

  /** A process which says when it has done what it was told, and then waits for its standard input to end. */
  private Process start(String script) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-c", script + "; echo ready; cat >/dev/null")
            .directory(Path.of("/").toFile())
            .start();
    process.inputReader().readLine();
    return process;
  }

  private static void end(Process process) throws Exception {
    process.outputWriter().close();
    process.waitFor();
  }

  @Test
  void whoHasAFileOpenIsSeen() throws Exception {
    Path file = Files.createFile(directory.resolve("x.pack")).toRealPath();
    Process process = start("exec 5<" + file);
    try {
      ProcessTable.Reader reader = find(process).orElseThrow();
      assertThat(reader.files()).extracting(ProcessTable.UsedFile::path).containsExactly(file);
      assertThat(reader.worksThere()).isFalse();
      assertThat(Duration.between(reader.started(), Instant.now()).abs())
          .isLessThan(Duration.ofMinutes(1));
      Files.delete(file);
      assertThat(find(process).orElseThrow().files())
          .extracting(ProcessTable.UsedFile::deleted)
          .containsExactly(true);
    } finally {
      end(process);
    }
    assertThat(find(process)).isEmpty();
  }

  @Test
  void whoWorksThereIsSeen() throws Exception {
    Process process = start("cd " + directory);
    try {
      assertThat(find(process)).hasValueSatisfying(r -> assertThat(r.worksThere()).isTrue());
    } finally {
      end(process);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "git repack -a -d, git repack -a",
    "git -C /srv/r.git -c gc.auto=0 --git-dir=. --no-pager gc --prune=now, git gc --prune=now",
    "/usr/bin/git --work-tree . multi-pack-index write, git multi-pack-index write",
    "/usr/lib/git-core/git-repack -a, git repack -a",
    "java -jar jgit.jar gc, java -jar jgit.jar",
    "git, git"
  })
  void theCommandOfGitIsFoundBehindItsOptions(String line, String said) throws Exception {
    Path process = Files.createDirectories(directory.resolve("proc/42"));
    Files.writeString(directory.resolve("proc/stat"), "btime 1700000000\n");
    Files.createDirectory(process.resolve("fd"));
    Files.createFile(process.resolve("maps"));
    Files.createSymbolicLink(process.resolve("cwd"), Path.of("/srv/r.git"));
    Files.writeString(process.resolve("comm"), "git\n");
    Files.writeString(process.resolve("cmdline"), line.replace(' ', '\0') + '\0');
    Files.writeString(process.resolve("stat"), "42 (git) S" + " 1".repeat(30));
    assertThat(
            new ProcessTable(directory.resolve("proc"))
                .census(Set.of(Path.of("/srv/r.git")))
                .readers())
        .singleElement()
        .satisfies(reader -> assertThat(reader.arguments()).isEqualTo(said));
  }

  /** Nothing of them can be looked into. */
  @ParameterizedTest
  @CsvSource({
    "S, 0, 1, git gc, true",
    "R, 4, 1, '', false", // on its way out, and without any memory
    "Z, 0, 1, '', false", // has ended, and its parent has not asked for its status yet
    "Z, 0, 2, git gc, true", // of its threads only the first has ended
    "S, 2129984, 1, '', false" // a thread of the kernel
  })
  void whoIsClosedMayBeAReaderUnlessItHasNoFiles(
      String state, long flags, int threads, String words, boolean hidden) throws Exception {
    Path process = Files.createDirectories(directory.resolve("proc/42"));
    Files.writeString(directory.resolve("proc/stat"), "btime 1700000000\n");
    Files.writeString(process.resolve("comm"), "git\n");
    Files.writeString(process.resolve("cmdline"), words);
    Files.writeString(
        process.resolve("stat"),
        "42 (git) %s 1 1 1 1 1 %d%s %d%s"
            .formatted(state, flags, " 1".repeat(10), threads, " 1".repeat(9)));
    assertThat(new ProcessTable(directory.resolve("proc")).census(Set.of(directory)).hidden())
        .hasSize(hidden ? 1 : 0);
  }

  private static Inode inode(Path file) throws IOException {
    return new Inode(
        (long) Files.getAttribute(file, "unix:dev"), (long) Files.getAttribute(file, "unix:ino"));
  }

  @Test
  void whoHasAFileOpenByAnotherPathIsFoundByItsInode() throws Exception {
    Path file = Files.writeString(directory.resolve("x.pack"), "content");
    Path elsewhere = Files.createLink(directory.resolve("y.pack"), file);
    Inode inode = inode(file);
    Inode nobodys = new Inode(inode.device(), -2);
    Process process = start("exec 5<" + elsewhere);
    try {
      assertThat(new ProcessTable().usersOf(Set.of(inode, nobodys)))
          .containsOnlyKeys(inode)
          .extractingByKey(inode, as(list(String.class)))
          .anySatisfy(
              user -> assertThat(user).startsWith("sh -c").contains("pid " + process.pid()));
    } finally {
      end(process);
    }
    assertThat(new ProcessTable().usersOf(Set.of(inode))).isEmpty();
  }

  /** A mapping of a real process, whose program is a file like any other. */
  @Test
  void whoHasMappedAFileIsFoundByItsInode() throws Exception {
    Process process = start("true");
    try {
      Inode program = inode(Path.of("/proc", Long.toString(process.pid()), "exe").toRealPath());
      assertThat(new ProcessTable().usersOf(Set.of(program)).get(program))
          .anySatisfy(user -> assertThat(user).contains("pid " + process.pid()));
    } finally {
      end(process);
    }
  }

  /** The device has more digits than two in each half, as that of a partition may. */
  @Test
  void theUsersOfManyFilesAreFoundInOneLook() throws Exception {
    Path proc = Files.createDirectories(directory.resolve("proc"));
    Path process = proc.resolve("42");
    Files.createDirectories(process.resolve("fd"));
    Files.writeString(process.resolve("cmdline"), "git\0gc\0");
    Files.writeString(
        process.resolve("maps"),
        """
        7f00-7f01 r--p 00000000 103:2af 7 /srv/r.git/objects/pack/a.pack
        7f01-7f02 r--p 00001000 103:2af 7 /srv/r.git/objects/pack/a.pack
        7f02-7f03 r--p 00000000 103:2af 8 /srv/r.git/objects/pack/with blanks.pack (deleted)
        7f03-7f04 rw-p 00000000 00:00 0
        7f04-7f05 rw-p 00000000 00:00 0  [heap]
        """);
    Path open = Files.createFile(directory.resolve("c.pack"));
    Files.createSymbolicLink(process.resolve("fd/3"), open);
    long device = 0x2103afL; // 103:2af
    Inode first = new Inode(device, 7);
    Inode second = new Inode(device, 8);
    Inode elsewhere = new Inode(device + 1, 7);
    assertThat(new ProcessTable(proc).usersOf(Set.of(first, second, elsewhere, inode(open))))
        .isEqualTo(
            Map.of(
                first,
                List.of("git gc (pid 42)"),
                second,
                List.of("git gc (pid 42)"),
                inode(open),
                List.of("git gc (pid 42)")));
  }

  /** As FUSE and overlayfs have them, which put more into a number than one file. */
  @Test
  void numbersOfFilesAreUnsignedAndALineThatIsNoMappingIsPassedOver() throws Exception {
    Path proc = closedTable();
    Path process = proc.resolve("42");
    Files.createDirectories(process.resolve("fd"));
    Files.createSymbolicLink(process.resolve("cwd"), Path.of("/srv/r.git"));
    Files.writeString(process.resolve("stat"), "42 (git) S" + " 1".repeat(30));
    Files.writeString(
        process.resolve("maps"),
        """
        7f00-7f01 r--p 00000000 00:2a 18446744073709551615 /srv/r.git/objects/pack/a.pack
        7f01-7f02 r--p 00000000 00:2a 99999999999999999999 /srv/r.git/objects/pack/b.pack
        7f02-7f03 r--p 00000000 002a 7 /srv/r.git/objects/pack/c.pack
        7f03-7f04 r--p 00000000 :2a 7 /srv/r.git/objects/pack/c.pack
        7f04-7f05 r--p 00000000 00:2a 8 /srv/r.git/objects/pack/d.pack
        """);
    ProcessTable table = new ProcessTable(proc);
    Inode last = new Inode(0x2a, -1);
    Inode after = new Inode(0x2a, 8);
    assertThat(table.usersOf(Set.of(last, after))).containsOnlyKeys(last, after);
    assertThat(table.census(Set.of(Path.of("/srv/r.git"))).readers())
        .singleElement()
        .satisfies(reader ->
            assertThat(reader.files())
                .extracting(ProcessTable.UsedFile::inode)
                .containsExactlyInAnyOrder(-1L, 0L, 7L, 8L));
  }

  private Path closedTable() throws IOException {
    Path proc = Files.createDirectories(directory.resolve("proc"));
    Files.writeString(proc.resolve("stat"), "btime 1700000000\n");
    Path process = Files.createDirectories(proc.resolve("42"));
    Files.writeString(process.resolve("cmdline"), "git\0gc\0");
    Files.writeString(process.resolve("comm"), "git\n");
    return proc;
  }

  @Test
  void whoCannotBeLookedIntoIsCountedAndNamed() throws Exception {
    assertThat(new ProcessTable(closedTable()).census(Set.of(directory)).hidden())
        .singleElement()
        .satisfies(hidden -> assertThat(hidden.describe()).isEqualTo("git (pid 42)"));
  }

  @Test
  void aTableThatDoesNotShowEverybodySaysSo() throws Exception {
    Path proc = closedTable();
    ProcessTable table = new ProcessTable(proc);
    assertThat(table.census(Set.of(directory)).closed()).get().asString().contains("hidepid");
    Files.createDirectories(proc.resolve("1"));
    Path own = Files.createDirectories(proc.resolve("self/ns"));
    Files.createSymbolicLink(own.resolve("pid"), Path.of("pid:[4026532266]"));
    assertThat(table.census(Set.of(directory)).closed()).get().asString().contains("container");
    Files.delete(own.resolve("pid"));
    Files.createSymbolicLink(own.resolve("pid"), Path.of("pid:[4026531836]"));
    assertThat(table.census(Set.of(directory)).closed()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"ext4, false", "btrfs, false", "tmpfs, false", "nfs4, true", "fuse.sshfs, true"})
  void aFileSystemOfOtherMachinesIsKnownByItsType(String type, boolean remote) {
    assertThat(RemoteFileSystem.isRemote(type)).isEqualTo(remote);
  }

  @Test
  void aStampTellsALiveProcessFromADeadOne() throws Exception {
    assertThat(ProcessStamp.own().provablyDead()).isFalse();
    Process process = start("true");
    ProcessStamp own = ProcessStamp.own();
    ProcessStamp stamp =
        new ProcessStamp(
            own.host(),
            own.bootId(),
            own.pidNamespace(),
            process.pid(),
            ProcessStamp.startTicks(process.pid()),
            own.machine());
    assertThat(stamp.provablyDead()).isFalse();
    end(process);
    assertThat(stamp.provablyDead()).isTrue();
    assertThat(ProcessStamp.parse(stamp.render())).contains(stamp);
  }

  private static ProcessStamp booted(String boot, String host, String machine) {
    return new ProcessStamp(host, boot, "pid:[4026531836]", 42, 1, machine);
  }

  @Test
  void thatAMachineWasBootedSinceIsOnlySaidOfTheSameOne() {
    ProcessStamp now = booted("boot-2", "forge", "a".repeat(32));
    assertThat(booted("boot-1", "forge", "a".repeat(32)).endedWithItsBoot(now)).isTrue();
    assertThat(booted("boot-2", "forge", "a".repeat(32)).endedWithItsBoot(now)).isFalse();
    assertThat(booted("boot-1", "forge", "b".repeat(32)).endedWithItsBoot(now)).isFalse();
    assertThat(booted("boot-1", "forge", "").endedWithItsBoot(now)).isFalse();
    assertThat(booted("boot-1", "forge", "").endedWithItsBoot(booted("boot-2", "forge", "")))
        .isFalse();
    assertThat(booted("boot-1", "anvil", "a".repeat(32)).endedWithItsBoot(now)).isFalse();
    assertThat(booted("", "forge", "a".repeat(32)).endedWithItsBoot(now)).isFalse();
  }

  @Test
  void aContainerHasNoIdOfAMachine() throws Exception {
    Path file = Files.writeString(directory.resolve("machine-id"), "0123456789abcdef".repeat(2));
    assertThat(ProcessStamp.machine(file, "pid:[4026531836]")).hasSize(32);
    assertThat(ProcessStamp.machine(file, "pid:[4026532201]")).isEmpty();
    Files.writeString(file, "uninitialized\n"); // as while it boots for the first time
    assertThat(ProcessStamp.machine(file, "pid:[4026531836]")).isEmpty();
    Files.delete(file);
    assertThat(ProcessStamp.machine(file, "pid:[4026531836]")).isEmpty();
  }
}
