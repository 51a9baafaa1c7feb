-- A study of hydra-optuna-sweeper 1.2.0 with Optuna 2.10.1, five trials.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v2.6.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'no-name-9aa0dc98-caa5-47ab-8dd2-8129764b78ad');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MINIMIZE',1,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'x',5.18301149492651713757e-01,'{"name": "UniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}');
INSERT INTO "trial_params" VALUES(2,1,'net.y',2.71117920320546862259e-05,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 0.001}}');
INSERT INTO "trial_params" VALUES(3,1,'net.kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}');
INSERT INTO "trial_params" VALUES(4,2,'x',3.26939898505353876423e-01,'{"name": "UniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}');
INSERT INTO "trial_params" VALUES(5,2,'net.y',1.93486252444277298393e-04,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 0.001}}');
INSERT INTO "trial_params" VALUES(6,2,'net.kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}');
INSERT INTO "trial_params" VALUES(7,3,'x',8.17040582392229763897e-01,'{"name": "UniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}');
INSERT INTO "trial_params" VALUES(8,3,'net.y',7.0910126864103721709e-04,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 0.001}}');
INSERT INTO "trial_params" VALUES(9,3,'net.kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}');
INSERT INTO "trial_params" VALUES(10,4,'x',1.22269665705063784733e-01,'{"name": "UniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}');
INSERT INTO "trial_params" VALUES(11,4,'net.y',6.00037127743989392439e-05,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 0.001}}');
INSERT INTO "trial_params" VALUES(12,4,'net.kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}');
INSERT INTO "trial_params" VALUES(13,5,'x',1.56425737322710339816e-01,'{"name": "UniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}');
INSERT INTO "trial_params" VALUES(14,5,'net.y',1.91145082710990949666e-05,'{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 0.001}}');
INSERT INTO "trial_params" VALUES(15,5,'net.kind',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'net.z','"0.0003"');
INSERT INTO "trial_user_attributes" VALUES(2,2,'net.z','"0.0003"');
INSERT INTO "trial_user_attributes" VALUES(3,3,'net.z','"0.0003"');
INSERT INTO "trial_user_attributes" VALUES(4,4,'net.z','"0.0003"');
INSERT INTO "trial_user_attributes" VALUES(5,5,'net.z','"0.0003"');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,2.19545859538682908151e+00);
INSERT INTO "trial_values" VALUES(2,2,0,2.79932358946571957503e+00);
INSERT INTO "trial_values" VALUES(3,3,0,1.40010208497555610485e+00);
INSERT INTO "trial_values" VALUES(4,4,0,3.52593121204414750025e+00);
INSERT INTO "trial_values" VALUES(5,5,0,3.39878517651438372126e+00);
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-23 22:10:21.569629','2026-11-23 22:10:21.799944');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-23 22:10:21.586866','2026-11-23 22:10:21.824050');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-23 22:10:21.850638','2026-11-23 22:10:22.164809');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-23 22:10:21.874375','2026-11-23 22:10:22.188085');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-23 22:10:22.210462','2026-11-23 22:10:22.340287');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'2.10.1');
COMMIT;
