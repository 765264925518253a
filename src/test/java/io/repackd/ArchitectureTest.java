package io.repackd;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  /** The rooms, top to bottom: a package calls only packages to the right of it. */
  private static final List<String> ROOMS =
      List.of(
          "cli",
          "daemon",
          "schedule",
          "web",
          "metrics",
          "history",
          "maintenance",
          "registry",
          "config",
          "midx",
          "pack",
          "objectdir",
          "platform");

  private static final String BASE = "io.repackd.";

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.repackd");

  @Test
  void aPackageCallsOnlyPackagesBelowIt() {
    assertThat(dependencies().filter(ArchitectureTest::pointsUp).map(Dependency::getDescription))
        .isEmpty();
  }

  @Test
  void everyClassIsInARoom() {
    assertThat(classes.stream().map(JavaClass::getPackageName).distinct())
        .allSatisfy(name -> assertThat(ROOMS).contains(name.substring(BASE.length())))
        .hasSameSizeAs(ROOMS);
  }

  @Test
  void formatsKnowNothingOfConfiguration() {
    assertThat(
            dependencies()
                .filter(dependency ->
                    List.of("pack", "midx").contains(room(dependency.getOriginClass())))
                .filter(dependency -> room(dependency.getTargetClass()).equals("config"))
                .map(Dependency::getDescription))
        .isEmpty();
  }

  @Test
  void noProcessIsStartedAnywhere() {
    assertThat(
            classes.stream()
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(dependency ->
                    List.of("java.lang.ProcessBuilder", "java.lang.Runtime$Exec")
                        .contains(dependency.getTargetClass().getName()))
                .map(Dependency::getDescription))
        .isEmpty();
  }

  private Stream<Dependency> dependencies() {
    return classes.stream()
        .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
        .filter(dependency -> dependency.getTargetClass().getPackageName().startsWith(BASE));
  }

  private static boolean pointsUp(Dependency dependency) {
    int origin = ROOMS.indexOf(room(dependency.getOriginClass()));
    int target = ROOMS.indexOf(room(dependency.getTargetClass()));
    return target < origin;
  }

  private static String room(JavaClass type) {
    return type.getPackageName().substring(BASE.length());
  }
}
