"""Fits models for the policy `learned` to the tables of a run, and writes them as JSON.

Needs pandas and scikit-learn. A run whose decisions show all places, such as one of the policy `random`:

    stratosim run scenarios/quickstart.json --set policies.offloading='{"kind":"random","local":true}' --out runs/random
    python examples/learned/fit.py runs/random models.json
    stratosim run scenarios/quickstart.json \
        --set policies.offloading='{"kind":"learned","models":"../models.json"}' --out runs/learned

(The name of the models' file is relative to the scenario.)
"""

import json
import sys

import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

# What the models of each place look at: columns of the table `decisions`.
INPUTS = {
    "local": ["length_mi", "local_load"],
    "edge": ["length_mi", "nearest_edge_upload_s", "edge_utilisation"],
    "cloud": ["length_mi", "cloud_upload_s", "cloud_utilisation"],
}


def export(inputs, scaler, model):
    """The JSON of a model that was fitted to standardised inputs; of classifiers the second class is success."""
    if isinstance(model, LogisticRegression):
        kind = {"kind": "logistic", "intercept": float(model.intercept_[0]), "coefficients": model.coef_[0].tolist()}
    elif isinstance(model, LinearRegression):
        kind = {"kind": "linear", "intercept": float(model.intercept_), "coefficients": model.coef_.tolist()}
    elif isinstance(model, GaussianNB):
        failure, success = (
            {"prior": float(prior), "means": means.tolist(), "variances": variances.tolist()}
            for prior, means, variances in zip(model.class_prior_, model.theta_, model.var_)
        )
        kind = {"kind": "naive_bayes", "success": success, "failure": failure}
    elif isinstance(model, (MLPClassifier, MLPRegressor)):
        activations = [model.activation] * (len(model.coefs_) - 1) + [model.out_activation_]
        layers = [
            {"weights": weights.tolist(), "biases": biases.tolist(), "activation": activation}
            for weights, biases, activation in zip(model.coefs_, model.intercepts_, activations)
        ]
        kind = {"kind": "multilayer_perceptron", "layers": layers}
    else:
        raise TypeError(f"no way to export {type(model).__name__}")
    means, deviations = scaler.mean_.tolist(), scaler.scale_.tolist()
    return {"inputs": inputs, "means": means, "standard_deviations": deviations, "model": kind}


def main(run, out):
    tasks = pd.read_csv(f"{run}/tables/tasks.csv")[["workload", "task", "tier", "service_s"]]
    decisions = pd.read_csv(f"{run}/tables/decisions.csv").dropna(subset=["choice"])
    rows = decisions.merge(tasks, left_on=["workload", "subject"], right_on=["workload", "task"])
    models = {"description": f"Fitted to {len(rows)} decisions of {run}."}
    for place, inputs in INPUTS.items():
        here = rows[rows.tier == ("device" if place == "local" else place)].dropna(subset=inputs)
        done = here.outcome == "done"
        if done.sum() < 100:
            continue
        scaler = StandardScaler().fit(here[inputs].to_numpy())
        scaled = scaler.transform(here[inputs].to_numpy())
        models[place] = {"service_s": export(inputs, scaler, LinearRegression().fit(scaled[done], here.service_s[done]))}
        if (~done).sum() >= 100:
            success = MLPClassifier(hidden_layer_sizes=(8,), random_state=1, max_iter=500).fit(scaled, done)
            models[place]["success"] = export(inputs, scaler, success)
        print(f"{place}: {len(here)} decisions, {done.mean():.1%} done, fields {sorted(models[place])}")
    with open(out, "w") as file:
        json.dump(models, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
