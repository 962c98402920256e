"""Fits the iris model of the demo and prints coefficients.ts.

Multinomial logistic regression on Fisher's 150 rows, as scikit-learn ships them, with its default
regularisation. Nothing is drawn at random (lbfgs starts at zero, and no row is held out), so there
is no seed that could change the result; one is set all the same.

    python3 -m venv /tmp/iris && /tmp/iris/bin/pip install scikit-learn==1.9.1 numpy==2.4.6
    /tmp/iris/bin/python src/demo/iris/fit.py > src/demo/iris/coefficients.ts
"""

import platform
import sys

import numpy
import sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

SEED = 0


def numbers(values):
    return "[" + ", ".join(repr(round(float(value), 12)) for value in values) + "]"


def main():
    iris = load_iris()
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000, random_state=SEED)
    folds = cross_val_score(model, iris.data, iris.target, cv=10)
    model.fit(iris.data, iris.target)
    accuracy = model.score(iris.data, iris.target)
    versions = (
        f"Python {platform.python_version()}, scikit-learn {sklearn.__version__}, "
        f"NumPy {numpy.__version__}"
    )
    print(f"{versions}; seed {SEED}", file=sys.stderr)
    print(f"accuracy {accuracy:.4f} on 150 rows, {folds.mean():.4f} in 10 folds", file=sys.stderr)
    print(TEMPLATE.format(
        versions=versions,
        accuracy=f"{accuracy:.4f}",
        folds=f"{folds.mean():.4f}",
        features="\n".join(f"  '{name}'," for name in iris.feature_names),
        classes=", ".join(f"'{name}'" for name in iris.target_names),
        weights="\n".join(f"  {numbers(row)}," for row in model.coef_),
        intercepts=numbers(model.intercept_),
    ), end="")


TEMPLATE = """/**
 * The fitted iris model: written by fit.py beside this file, not by hand.
 *
 * {versions}.
 * LogisticRegression(C=1.0, lbfgs) on Fisher's 150 rows.
 * Accuracy {accuracy} on those rows, {folds} in 10-fold cross-validation.
 */

/** What a row holds, in this order. */
export const featureNames: readonly string[] = [
{features}
];

/** The species, in the order of the probabilities. */
export const classNames: readonly string[] = [{classes}];

/** One row of weights for each species, one weight for each feature. */
export const weights: readonly (readonly number[])[] = [
{weights}
];

/** One intercept for each species. */
export const intercepts: readonly number[] = {intercepts};
"""

if __name__ == "__main__":
    main()
