package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.repackd.objectdir.TemporaryKeep.Content;
import io.repackd.platform.FileLease;
import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemporaryKeepTest {
  private static final ProcessStamp OWN = ProcessStamp.own();

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void start() {
    file = directory.resolve("pack-1.keep");
  }

  private static ProcessStamp dead() {
    return new ProcessStamp(
        OWN.host(),
        OWN.bootId(),
        OWN.pidNamespace(),
        OWN.pid(),
        OWN.startTicks() - 1,
        OWN.machine());
  }

  private boolean removed(String content) throws IOException {
    Files.writeString(file, content);
    boolean removed = TemporaryKeep.removeIfStale(file, "this-cycle");
    assertThat(Files.exists(file)).isEqualTo(!removed);
    return removed;
  }

  private boolean removed(ProcessStamp owner) throws IOException {
    return removed(new Content(owner, "that-cycle").render());
  }

  private boolean removedWhileOpen(ProcessStamp owner) throws IOException {
    String content = new Content(owner, "that-cycle").render();
    Files.writeString(file, content);
    try (InputStream _ = Files.newInputStream(file)) {
      return TemporaryKeep.removeIfStale(file, "this-cycle");
    }
  }

  @Test
  void whatNobodyHasOpenIsStaleWhereverItsOwnerWas() throws Exception {
    try (FileLease lease = FileLease.open(Files.createFile(file))) {
      assumeThat(lease.take()).isEqualTo(FileLease.Use.NOBODY);
    }
    Files.delete(file);
    ProcessStamp inAContainer =
        new ProcessStamp(OWN.host(), OWN.bootId(), "pid:[1]", OWN.pid(), 1, "");
    assertThat(removedWhileOpen(inAContainer)).isFalse();
    assertThat(removed(new Content(inAContainer, "c").render().replace("kept=open\n", "")))
        .isFalse();
    assertThat(removed(inAContainer)).isTrue();
    assertThat(removed(ofAnotherBoot(""))).isTrue();
  }

  @Test
  void whatIsWrittenCanBeReadBack() throws Exception {
    FilePublisher publisher = new FilePublisher(directory, SharedPermissions.UMASK);
    Optional<TemporaryKeep> keep = TemporaryKeep.place(publisher, "pack-1", "this-cycle");
    assertThat(Content.parse(Files.readString(file))).contains(new Content(OWN, "this-cycle"));
    assertThat(Files.readString(file))
        .isEqualTo(
            "repackd %d on %s\nstart=%d\nboot=%s\nns=%s\nmachine=%s\ncycle=this-cycle\nkept=open\n"
                .formatted(
                    OWN.pid(),
                    OWN.host(),
                    OWN.startTicks(),
                    OWN.bootId(),
                    OWN.pidNamespace(),
                    OWN.machine()));
    assertThat(KeepFile.owner(file)).isEqualTo(KeepOwner.REPACKD);
    keep.orElseThrow().remove();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aKeepThatIsThereIsNotReplaced() throws Exception {
    Files.writeString(file, "mine");
    FilePublisher publisher = new FilePublisher(directory, SharedPermissions.UMASK);
    assertThat(TemporaryKeep.place(publisher, "pack-1", "this-cycle")).isEmpty();
    assertThat(file).hasContent("mine");
    assertThat(directory).isDirectoryNotContaining(found -> !found.equals(file));
  }

  @Test
  void onlyTheFileThatWasMadeIsRemoved() throws Exception {
    FilePublisher publisher = new FilePublisher(directory, SharedPermissions.UMASK);
    TemporaryKeep keep = TemporaryKeep.place(publisher, "pack-1", "this-cycle").orElseThrow();
    Files.delete(file);
    Files.writeString(file, "mine");
    keep.remove();
    assertThat(file).hasContent("mine");
  }

  @Test
  void aProcessIdThatIsUsedAgainFoolsNobody() throws Exception {
    assertThat(removed(dead())).isTrue();
  }

  @Test
  void whatIsFromAnotherBootOfTheSameMachineIsStale() throws Exception {
    assumeThat(OWN.machine()).as("the id of this machine").isNotEmpty();
    assertThat(removed(ofAnotherBoot(OWN.machine()))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0123456789abcdef0123456789abcdef"})
  void aMachineOfTheSameNameCountsAsAlive(String machine) throws Exception {
    assertThat(removedWhileOpen(ofAnotherBoot(machine))).isFalse();
  }

  private static ProcessStamp ofAnotherBoot(String machine) {
    return new ProcessStamp(
        OWN.host(), "b", OWN.pidNamespace(), OWN.pid(), OWN.startTicks(), machine);
  }

  @Test
  void aProcessOfAnotherHostCountsAsAlive() throws Exception {
    assertThat(
            removedWhileOpen(
                new ProcessStamp("elsewhere", "b", OWN.pidNamespace(), 1, 1, OWN.machine())))
        .isFalse();
  }

  @Test
  void aProcessOfAnotherNamespaceCountsAsAlive() throws Exception {
    assertThat(
            removedWhileOpen(
                new ProcessStamp(OWN.host(), OWN.bootId(), "pid:[1]", OWN.pid(), 1, OWN.machine())))
        .isFalse();
  }

  @Test
  void anotherLiveProcessIsAlive() throws Exception {
    Process other = new ProcessBuilder("cat").start();
    try {
      String stat = Files.readString(Path.of("/proc/%d/stat".formatted(other.pid())));
      long start = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[22 - 3]);
      ProcessStamp alive =
          new ProcessStamp(
              OWN.host(), OWN.bootId(), OWN.pidNamespace(), other.pid(), start, OWN.machine());
      assertThat(removed(alive)).isFalse();
    } finally {
      other.outputWriter().close();
      other.waitFor();
    }
  }

  @Test
  void whatThisProcessLeftInAnEarlierCycleIsStale() throws Exception {
    assertThat(removed(OWN)).isTrue();
  }

  @Test
  void whatThisCycleHasMadeIsNot() throws Exception {
    assertThat(removed(new Content(OWN, "this-cycle").render())).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "receive-pack 123 on host",
        "fetch-pack 123 on host\n",
        "repackd 123 on host\n",
        "repackd 123 on host\nstart=1\nboot=\nns=pid:[1]\nmachine=\ncycle=1\nkept=open\n",
        "repackd 123 on host\nstart=-1\nboot=b\nns=pid:[1]\nmachine=\ncycle=1\nkept=open\n",
        "repackd 123 on host\nstart=1\nboot=b\nns=pid:[1]\nmachine=\nkept=open\n",
        "repackd 123 on host\nstart=1\nboot=b\nns=pid:[1]\nelsewhere\ncycle=1\nkept=open\n",
        "do not touch\n",
      })
  void whatIsSomebodyElsesStays(String content) throws Exception {
    assertThat(removed(content.replace("host", OWN.host()))).isFalse();
  }

  @Test
  void oneWithANoteAddedIsSomebodyElses() throws Exception {
    String content = new Content(dead(), "that-cycle").render();
    assertThat(removed(content + "and I still need it\n")).isFalse();
    assertThat(removed(content)).isTrue();
  }

  @Test
  void aSymbolicLinkOrADirectoryIsLeftAlone() throws Exception {
    Path precious = directory.resolve("precious");
    Files.writeString(precious, new Content(dead(), "that-cycle").render());
    Files.createSymbolicLink(file, precious);
    assertThat(TemporaryKeep.removeIfStale(file, "this-cycle")).isFalse();
    Path folder = Files.createDirectory(directory.resolve("pack-2.keep"));
    assertThat(TemporaryKeep.removeIfStale(folder, "this-cycle")).isFalse();
    assertThat(TemporaryKeep.removeIfStale(directory.resolve("pack-3.keep"), "this-cycle"))
        .isFalse();
    assertThat(precious).exists();
    assertThat(folder).exists();
  }
}
