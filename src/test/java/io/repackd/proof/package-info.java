/**
 * What was tried to make the program lose an object: cycles that are killed or fail at each of their system calls, readers that
 * work while everything around them is replaced, and files with every kind of damage.
 *
 * <p>{@code mvn verify} runs a sample of each; {@code mvn -Pexhaustive verify} all. Begin with {@link
 * io.repackd.proof.InterruptedCycle}.
 */
@NullMarked
package io.repackd.proof;

import org.jspecify.annotations.NullMarked;
