package io.repackd.midx;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** A table of damaged multi-pack-indexes of one repository, with what git and repackd have to say of each. */
final class DamageCases {
  /** Makes the file that is to be judged, from one that is sound. */
  interface Damage extends Function<MultiPackIndexEditor, byte[]> {}

  private final IndexedRepository repository;
  private final Function<IndexedRepository, MultiPackIndexEditor> sound;
  private final List<DynamicTest> tests = new ArrayList<>();

  DamageCases(
      IndexedRepository repository, Function<IndexedRepository, MultiPackIndexEditor> sound) {
    this.repository = repository;
    this.sound = sound;
  }

  /** Both end with this status. */
  DamageCases agreed(String name, int status, Damage damage) {
    return add(name, damage, installed -> VerifyComparison.assertAgreed(installed, status));
  }

  /** Git ends with one and repackd with another, until git has stopped to deviate. */
  DamageCases deviating(String name, GitDeviation why, int git, int ours, Damage damage) {
    return add(
        name + " (" + why + ")",
        damage,
        installed -> VerifyComparison.assertDeviation(installed, why, git, ours));
  }

  private interface Judgement {
    void of(IndexedRepository repository) throws IOException;
  }

  private DamageCases add(String name, Damage damage, Judgement judgement) {
    tests.add(
        DynamicTest.dynamicTest(
            repository.hash().gitName() + ": " + name,
            () -> judgement.of(repository.install(damage.apply(sound.apply(repository))))));
    return this;
  }

  Stream<DynamicTest> tests() {
    return tests.stream();
  }
}
