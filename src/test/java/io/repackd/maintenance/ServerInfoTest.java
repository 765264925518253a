package io.repackd.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import io.repackd.TestRegistrations;
import io.repackd.config.AggregateSettings;
import io.repackd.config.BatchSize;
import io.repackd.config.ExpireSettings;
import io.repackd.config.RepackSettings;
import io.repackd.maintenance.MaintenanceCycle.Request;
import io.repackd.objectdir.InfoPacks;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.Cancellation;
import io.repackd.registry.Registration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The list of packs for plain HTTP, where {@code git update-server-info} has left one. */
class ServerInfoTest {
  @TempDir Path directory;

  private GitRepository repository;
  private Path list;

  @BeforeEach
  void aRepository() {
    repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetches(4, new Random(20261129));
    list = repository.objects().resolve("info/packs");
  }

  private ObjectDirectory open() throws IOException {
    return ObjectDirectory.open(RepositoryDiscovery.locate(repository.path()));
  }

  private CycleOutcome cycle() throws IOException {
    AggregateSettings aggregate =
        new AggregateSettings(
            true,
            Duration.ofMinutes(5),
            2,
            1,
            Duration.ZERO,
            1000,
            50_000,
            2_000_000,
            1L << 30,
            false);
    Registration registration =
        new Registration(
            "r",
            RepositoryDiscovery.locate(repository.path()),
            TestRegistrations.settings(
                aggregate,
                new ExpireSettings(true, Duration.ZERO),
                new RepackSettings(true, new BatchSize.Everything(), Duration.ZERO)));
    Clock later = Clock.fixed(Instant.now().plusSeconds(60), ZoneOffset.UTC);
    CycleOutcome outcome =
        new MaintenanceCycle(later, directory.resolve("state"))
            .run(registration, new Request(true), new Cancellation(), new CycleListener() {});
    assertThat(outcome.result()).as(outcome.detail()).isEqualTo(Result.OK);
    return outcome;
  }

  private List<String> lines() throws IOException {
    return Files.readAllLines(list).stream().sorted().toList();
  }

  private List<String> linesOfGit() throws IOException {
    repository.git("update-server-info");
    return lines();
  }

  @Test
  void aCycleBringsItUpToDateAsGitWould() throws Exception {
    repository.git("update-server-info");
    repository.gitWithInput("loose", "hash-object", "-w", "--stdin");
    for (int i = 0; i < 3; i++) {
      cycle();
      List<String> after = lines();
      assertThat(after).isEqualTo(linesOfGit());
    }
    assertThat(lines()).hasSize(2); // one pack, and the line at the end
    try (var files = Files.list(list.getParent())) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(f -> f.contains("tmp"));
    }
  }

  @Test
  void whereThereIsNoneNoneIsMade() throws Exception {
    cycle();
    assertThat(list).doesNotExist();
  }

  @Test
  void gitsOwnSettingTurnsItOff() throws Exception {
    repository.git("update-server-info");
    repository.git("config", "repack.updateServerInfo", "false");
    List<String> before = lines();
    cycle();
    assertThat(lines()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "P pack-1.pack\n", "nonsense", "P \n\n\n\n\n"})
  void whateverStandsThereIsReplaced(String content) throws Exception {
    List<String> right = linesOfGit();
    Files.delete(list);
    Files.writeString(list, content);
    assertThat(InfoPacks.refresh(open())).isTrue();
    assertThat(lines()).isEqualTo(right);
    assertThat(InfoPacks.refresh(open())).isFalse();
  }

  @Test
  void whatGitWroteIsLeftAsItIs() throws Exception {
    repository.git("update-server-info");
    Instant written = Files.getLastModifiedTime(list).toInstant();
    assertThat(InfoPacks.refresh(open())).isFalse();
    assertThat(Files.getLastModifiedTime(list).toInstant()).isEqualTo(written);
  }

  @Test
  void aSymbolicLinkLeadsNobodyOut() throws Exception {
    Path outside = Files.writeString(directory.resolve("outside"), "mine");
    Files.createSymbolicLink(list, outside);
    assertThat(InfoPacks.refresh(open())).isFalse();
    assertThat(outside).hasContent("mine");
    assertThat(Files.isSymbolicLink(list)).isTrue();

    Files.delete(list);
    Path info = list.getParent();
    Path elsewhere = directory.resolve("elsewhere");
    Files.move(info, elsewhere);
    Files.writeString(elsewhere.resolve("packs"), "mine");
    Files.createSymbolicLink(info, elsewhere);
    assertThat(InfoPacks.refresh(open())).isFalse();
    assertThat(elsewhere.resolve("packs")).hasContent("mine");
    assertThat(Files.exists(info, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  /** A process that was killed while it wrote. */
  @Test
  void whatTheDeadHaveBegunGoes() throws Exception {
    repository.git("update-server-info");
    Path abandoned = list.resolveSibling("tmp_packs_" + "0".repeat(32));
    Files.writeString(abandoned, "P pack-");
    InfoPacks.refresh(open());
    assertThat(abandoned).doesNotExist();
  }
}
