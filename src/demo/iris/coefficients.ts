/**
 * The fitted iris model: written by fit.py beside this file, not by hand.
 *
 * Python 3.11.7, scikit-learn 1.9.1, NumPy 2.4.6.
 * LogisticRegression(C=1.0, lbfgs) on Fisher's 150 rows.
 * Accuracy 0.9733 on those rows, 0.9733 in 10-fold cross-validation.
 */

/** What a row holds, in this order. */
export const featureNames: readonly string[] = [
  'sepal length (cm)',
  'sepal width (cm)',
  'petal length (cm)',
  'petal width (cm)',
];

/** The species, in the order of the probabilities. */
export const classNames: readonly string[] = ['setosa', 'versicolor', 'virginica'];

/** One row of weights for each species, one weight for each feature. */
export const weights: readonly (readonly number[])[] = [
  [-0.423505538078, 0.967349859345, -2.517153741166, -1.079336061363],
  [0.534459553429, -0.321588706562, -0.20639182963, -0.944297396977],
  [-0.110954015351, -0.645761152784, 2.723545570795, 2.02363345834],
];

/** One intercept for each species. */
export const intercepts: readonly number[] = [9.849549877714, 2.237216694273, -12.086766571987];
